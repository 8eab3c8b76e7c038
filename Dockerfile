# syntax=docker/dockerfile:1
# One image for the server with the console. It runs with a read-only root; what it keeps is in /data.
#
#   docker build -t portcullis .
#   docker run --read-only --init -p 127.0.0.1:3000:3000 -v portcullis:/data \
#     -e PORTCULLIS_URL=https://portcullis.example.com portcullis

# The version of the runtime that package.json pins, and the digest of that image's multi-platform index. With another
# version give both: `docker buildx imagetools inspect node:24.21.0-bookworm-slim` prints the digest.
ARG NODE=24.21.0
ARG DIGEST=sha256:2fe369e969550cde8e867afc3fe370b260140cab4a23d467074295b42163d553

FROM node:${NODE}-bookworm-slim@${DIGEST} AS packages
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
COPY bench/package.json bench/
COPY console/package.json console/
COPY sdk/package.json sdk/
COPY server/package.json server/

FROM packages AS console
RUN npm ci --ignore-scripts --workspace console
COPY openapi.json ./
COPY console console
COPY server/src/kernel/emails.ts server/src/kernel/
RUN npm run build --workspace console

FROM packages AS server
RUN npm ci --ignore-scripts --omit dev --workspace server

FROM node:${NODE}-bookworm-slim@${DIGEST}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PORTCULLIS_DATA=/data
WORKDIR /app
COPY --from=server /app/node_modules node_modules
COPY --from=server /app/server/node_modules server/node_modules
COPY --from=console /app/console/dist console/dist
COPY console/src/paths.ts console/src/
COPY package.json ./
COPY server/package.json server/
COPY server/bin server/bin
COPY server/src server/src
RUN ln -s /app/server/bin/portcullis.cjs /usr/local/bin/portcullis && install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
# Alive, and not ready: a database that is away is no reason to start this process anew.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["portcullis"]
CMD ["start"]
