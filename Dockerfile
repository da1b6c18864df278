# The server, compiled, with the packages of package-lock.json and nothing of the tools. See docs/deploy.md.

FROM node:26.10.0-bookworm-slim AS manifests
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
COPY packages/receiver/package.json packages/receiver/
COPY packages/server/package.json packages/server/
COPY packages/signing/package.json packages/signing/

# The versions are those of the lock file. `npm ci` would want the binaries of every platform in it.
FROM manifests AS build
RUN ["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY LICENSE tsconfig.json tsconfig.publish.json ./
COPY scripts/ scripts/
COPY packages/ packages/
RUN ["node", "scripts/pack.ts"]

FROM manifests AS dependencies
RUN ["npm", "install", "--omit=dev", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]
COPY --from=build /app/dist/packages/ packages/

FROM node:26.10.0-bookworm-slim
LABEL org.opencontainers.image.title="hookring" \
      org.opencontainers.image.description="Sends signed webhooks, and rotates their signing secrets without a rejected delivery" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN mkdir --mode=0700 /data \
    && chown 1000:1000 /data \
    && ln -s /app/packages/server/bin/hookring.mjs /usr/local/bin/hookring
COPY --from=dependencies /app/ /app/
WORKDIR /app
ENV NODE_ENV=production \
    HOOKRING_HOST=0.0.0.0 \
    HOOKRING_PORT=8484 \
    HOOKRING_DATABASE_URL=sqlite:/data/hookring.db
# The user `node` of the base image, by number, so that a cluster can see that it is not root.
USER 1000:1000
VOLUME ["/data"]
EXPOSE 8484
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HOOKRING_PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["hookring"]
CMD ["serve"]
