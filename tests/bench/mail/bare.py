"""smtplib and nothing else: one kept connection, the same mail again and again under a new name each time."""

import smtplib
import sys
from pathlib import Path


def main(port: str, file: str, count: str, name: str) -> None:
    """Send `count` mails at the first line of standard input."""
    mail = Path(file).read_bytes()
    link = smtplib.SMTP("127.0.0.1", int(port))
    link.ehlo()
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(int(count)):
        told = mail.replace(b"Message-ID: <", f"Message-ID: <{name}-{n}-".encode(), 1)
        link.sendmail("no-reply@pacificmind.example", ["somebody@example.com"], told)
    print("0 0", flush=True)
    link.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
