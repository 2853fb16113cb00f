# Watchfire in a container: pages and dependencies are made in stages of their own, and the last one holds only what runs.
# The Node of the image is the one package.json brings along elsewhere, so that copy is left out here.

FROM node:24.21.0-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24.21.0-bookworm-slim AS pages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY core core
COPY dashboards dashboards
COPY operate operate
RUN npm run build

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# What a new volume mounted there begins with: a folder that belongs to the platform alone.
RUN install -d -o node -g node -m 0700 /var/lib/watchfire
WORKDIR /app
COPY package.json launch.js *.ts ./
COPY core core
COPY journal journal
COPY gateway gateway
COPY ingest ingest
COPY alerts alerts
COPY dashboards dashboards
COPY operate operate
COPY --from=dependencies /app/node_modules node_modules
COPY --from=pages /app/dist dist
ENV WATCHFIRE_DATA_DIR=/var/lib/watchfire
# `node` of the image, by number so that whoever starts it can see it is not root.
USER 1000:1000
EXPOSE 8080 1883 8883
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "launch.js", "main.ts"]
