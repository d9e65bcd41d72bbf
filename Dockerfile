FROM python:3.12-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY . .
ENV STATIC_ROOT=/app/staticfiles
RUN mkdir -p "$STATIC_ROOT" \
    && printf '{"version": "1.1", "paths": {}, "hash": ""}' > "$STATIC_ROOT/staticfiles.json" \
    && SECRET_KEY=build-only python manage.py collectstatic --noinput
USER nobody
