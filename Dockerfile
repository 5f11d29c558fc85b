# The runner from its locks: every package by hash, no compiler and no pip cache in the result.
#
#   docker build --tag ceffu-runner .
#   docker run --rm ceffu-runner demo
#
# A journal in a container is gone with it: mount /state, or name a PostgreSQL database in the profile.
FROM python:3.13-slim-bookworm AS build

WORKDIR /source
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /opt/runner \
 && /opt/runner/bin/python -m pip install --no-cache-dir --no-deps --require-hashes \
      -r requirements.lock \
 && python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY runner runner
COPY schemas schemas
COPY playbooks playbooks
COPY examples examples
RUN python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheel . \
 && /opt/runner/bin/python -m pip install --no-cache-dir --no-deps --no-index /wheel/*.whl

FROM python:3.13-slim-bookworm

# git reads controls at a revision, ssh-keygen signs and checks approvals.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home runner \
 && install --directory --owner runner --mode 0700 /state /work
COPY --from=build /opt/runner /opt/runner
ENV PATH=/opt/runner/bin:$PATH XDG_STATE_HOME=/state
USER 10001
WORKDIR /work
VOLUME /state
ENTRYPOINT ["runner"]
CMD ["--help"]
