#!/bin/sh
# Run once by InfluxDB's image after its first set-up. Makes the user Grafana asks as: it reads one bucket and can do nothing
# else, because whoever may look at a dashboard may send any statement through its data source.
set -eu
influx v1 dbrp create --org "$DOCKER_INFLUXDB_INIT_ORG" --bucket-id "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --db "$DOCKER_INFLUXDB_INIT_BUCKET" --rp autogen --default
influx v1 auth create --org "$DOCKER_INFLUXDB_INIT_ORG" --read-bucket "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --username "$INFLUXDB_READER" --password "$INFLUXDB_READER_PASSWORD"
