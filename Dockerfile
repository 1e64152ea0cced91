# The project on the official Airflow image, or on a base of your own that is built like it:
# Python and pip on the PATH, user 50000 of group 0. Nothing is downloaded when a container starts.
ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11
FROM ${BASE_IMAGE}

# A new volume takes owner and mode from the image's folder: these are for every container's user.
USER 0:0
RUN install -d -o 50000 -g 0 -m 0775 /opt/fulfilment \
    /opt/airflow /opt/airflow/logs /opt/airflow/secrets /opt/airflow/state

USER 50000:0
WORKDIR /opt/fulfilment
COPY --chown=50000:0 requirements.txt requirements.lock ./
RUN pip install --no-cache-dir -r requirements.txt -c requirements.lock
COPY --chown=50000:0 . .
RUN pip install --no-cache-dir --no-deps -e .

ENV AIRFLOW_HOME=/opt/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/fulfilment/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/fulfilment/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__CORE__DEFAULT_TIMEZONE=utc \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/opt/airflow/logs \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=false \
    FULFILMENT_STATE=/opt/airflow/state \
    GX_ANALYTICS_ENABLED=false \
    PYTHONPATH=/opt/fulfilment \
    PYTHONUNBUFFERED=1
