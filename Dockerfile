# One image for every segue command; kernels are compiled while it is built, so that a worker starts in seconds.
FROM python:3.11-slim
WORKDIR /srv/segue
COPY requirements.lock pyproject.toml README.md LICENSE py.typed ./
COPY bandits bandits
COPY candidates candidates
COPY features features
COPY numeric numeric
COPY pipelines pipelines
COPY state state
COPY topics topics
RUN sed -n '/^uv==/,/# via/p' requirements.lock > uv.lock \
    && pip install -q --no-cache-dir --require-hashes -r uv.lock \
    && uv pip install -q --system --no-cache --compile-bytecode -c requirements.lock '.[faust,page]' \
    && useradd --create-home segue \
    && mkdir -p /var/lib/segue /var/cache/segue \
    && chown segue /var/lib/segue /var/cache/segue \
    && rm -rf /srv/segue/*
USER segue
ENV NUMBA_CACHE_DIR=/var/cache/segue SEGUE_WORKER__STATE=/var/lib/segue SEGUE_WORKER__WEB_HOST=0.0.0.0
RUN python -c "from pipelines.faust_worker.warm import warm_up; from pipelines.settings import Settings; warm_up(Settings())"
ENTRYPOINT ["segue"]
CMD ["worker"]
