# One image for web, worker and commands; compose.yaml shows how they go together.
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/tawkee
COPY requirements requirements
RUN /opt/tawkee/bin/pip install --no-cache-dir --require-hashes -r requirements/base.txt
COPY . .
RUN /opt/tawkee/bin/pip install --no-cache-dir --no-deps .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home tawkee && install -d -o tawkee -g tawkee /data
COPY --from=build /opt/tawkee /opt/tawkee
ENV PATH=/opt/tawkee/bin:$PATH PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=2 TAWKEE_DATA=/data
USER tawkee
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "--config", "python:tawkee_core.embedded.gunicorn_conf", "--bind", "0.0.0.0:8000", "tawkee_core.app:create_app()"]
