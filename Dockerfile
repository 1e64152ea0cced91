# The project on the official Airflow image. Nothing is downloaded when a container starts.
ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11
FROM ${BASE_IMAGE}

COPY --chown=airflow:0 requirements.lock /opt/fulfilment/
RUN pip install --no-cache-dir -r /opt/fulfilment/requirements.lock

WORKDIR /opt/fulfilment
COPY --chown=airflow:0 . /opt/fulfilment
RUN pip install --no-cache-dir --no-deps -e /opt/fulfilment

ENV AIRFLOW__CORE__DAGS_FOLDER=/opt/fulfilment/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/fulfilment/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__CORE__DEFAULT_TIMEZONE=utc \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=false \
    GX_ANALYTICS_ENABLED=false \
    PYTHONPATH=/opt/fulfilment
