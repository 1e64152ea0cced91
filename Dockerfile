# The project on the official Airflow image, or on any other base with the commands `python` (3.11 to
# 3.13) and `pip`.
# Nothing is downloaded when a container starts.
ARG BASE_IMAGE=apache/airflow:3.3.2-python3.11
FROM ${BASE_IMAGE}

# A new volume takes owner and mode from the image's folder: these are for every container's user.
USER 0:0
RUN install -d -o 50000 -g 0 -m 0775 /home/airflow /opt/fulfilment \
    /opt/airflow /opt/airflow/logs /opt/airflow/secrets /opt/airflow/state

USER 50000:0
# As in the official image; a plain Python image has neither these nor a name for the user, which
# Airflow asks for. A distribution's own Python would refuse packages beside its own.
ENV HOME=/home/airflow \
    USER=airflow \
    PIP_BREAK_SYSTEM_PACKAGES=1 \
    PATH=/home/airflow/.local/bin:${PATH}
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
