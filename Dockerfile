# The one image of citygrid: every process of ours is `citygrid worker …` in it. Not root; no secret and no state inside.
FROM python:3.13.9-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    CITYGRID_STATE_DIR=/state \
    CITYGRID_HOST=0.0.0.0 \
    CITYGRID_LOG_FORMAT=json

RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin citygrid \
    && install -d -o citygrid -g citygrid -m 1777 /state /photos
WORKDIR /citygrid

COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: --no-deps -r requirements.lock

COPY . .
RUN pip install --no-deps --no-build-isolation --editable .
USER citygrid
# Prometheus and health checks of a worker; pages and HTTP API
EXPOSE 19100 18080 18070
ENTRYPOINT ["citygrid"]
CMD ["--help"]
