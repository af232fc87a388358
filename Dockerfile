# mimika's server in a small image: Debian's own Python, no compiler, no Node, no root.
#   docker build -t mimika .
# Packages from a private index: docker build --secret id=pip,src=/etc/pip.conf --secret id=npm,src=$HOME/.npmrc .
FROM debian:bookworm-slim AS build

# Versions come from the Debian release that the base names; pinning one here would break with its next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY docs docs
COPY frontend frontend
COPY src src

# The wheel holds the page; Node comes from a wheel for this one step and stays in this stage.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=npm,target=/root/.npmrc \
    python3 -m venv /opt/mimika \
    && /opt/mimika/bin/pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

# Installed by its path, so that no package of the same name elsewhere can take its place. Tests and headers of others stay
# behind; compiled bytecode comes along, because the root may be read-only later. EXTRAS=web,cloud: with second opinions.
ARG EXTRAS=web
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    /opt/mimika/bin/pip install --no-cache-dir "$(echo /wheels/mimika-*.whl)[${EXTRAS}]" \
    && /opt/mimika/bin/pip uninstall --yes setuptools pip \
    && find /opt/mimika -depth -type d \( -name tests -o -path '*/pyarrow/include' \) -exec rm -rf {} +


FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin mimika \
    && install --directory --owner mimika --group mimika --mode 0700 /data

COPY --from=build /opt/mimika /opt/mimika

# Nothing but /data (and /tmp, while an upload is read) is written to; the rest may be mounted read-only.
ENV PATH=/opt/mimika/bin:$PATH \
    MIMIKA_DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8460
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8460/healthz', timeout=4)"]
ENTRYPOINT ["mimika"]
CMD ["serve", "--host", "0.0.0.0"]
