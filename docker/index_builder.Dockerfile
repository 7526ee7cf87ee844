# One shot: documents to passages to a verified, published generation; then it ends.
# Build from the root of the project:
#   docker build -f docker/index_builder.Dockerfile --target cpu -t reread-index_builder:0.1.0 .
# PIP_EXTRA_INDEX_URL (build argument) names where the CPU or CUDA build of PyTorch comes from;
# BASE_DIGEST pins the base image to its bytes: --build-arg BASE_DIGEST=@sha256:...
ARG BASE_DIGEST=""
ARG BASE_IMAGE=python:3.11.14-slim-bookworm

FROM ${BASE_IMAGE}${BASE_DIGEST} AS sources
WORKDIR /project
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY reread reread
COPY evaluation evaluation
COPY service service
COPY trainer trainer
COPY index_builder index_builder
COPY command command

FROM sources AS wheels-cpu
ARG PIP_EXTRA_INDEX_URL=""
RUN pip wheel --no-cache-dir -c constraints.txt -w /wheels ".[cpu,redis]"

FROM sources AS wheels-cuda
ARG PIP_EXTRA_INDEX_URL=""
RUN pip wheel --no-cache-dir -c constraints.txt -w /wheels ".[gpu,redis]"

FROM ${BASE_IMAGE}${BASE_DIGEST} AS runtime
ENV PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1 HOME=/tmp
RUN useradd --uid 10001 --user-group --no-create-home reread \
    && install -d -o reread -g reread /home/reread/home

FROM runtime AS cuda
RUN --mount=type=bind,from=wheels-cuda,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "reread[gpu,redis]==0.1.0"
USER 10001:10001
VOLUME ["/home/reread/home"]
STOPSIGNAL SIGTERM
HEALTHCHECK NONE
CMD ["sh", "-c", "reread ingest /documents --home /home/reread/home && exec reread build --if-changed --home /home/reread/home"]

FROM runtime AS cpu
RUN --mount=type=bind,from=wheels-cpu,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels "reread[cpu,redis]==0.1.0"
USER 10001:10001
VOLUME ["/home/reread/home"]
STOPSIGNAL SIGTERM
HEALTHCHECK NONE
CMD ["sh", "-c", "reread ingest /documents --home /home/reread/home && exec reread build --if-changed --home /home/reread/home"]
