"""Tables of messages: the ledger, letters in the portal, texts that came in, wordings, and what watches over them."""

from pacificmind.messaging.models.inbox import Letter
from pacificmind.messaging.models.ledger import Channel, Delivery, Message, Recipient, Status
from pacificmind.messaging.models.texts import InboundText
from pacificmind.messaging.models.topics import TopicChoice
from pacificmind.messaging.models.upkeep import Pulse, Tally
from pacificmind.messaging.models.wording import Wording

__all__ = [
    "Channel",
    "Delivery",
    "InboundText",
    "Letter",
    "Message",
    "Pulse",
    "Recipient",
    "Status",
    "Tally",
    "TopicChoice",
    "Wording",
]
