# One image for all of Commonworks; docker-compose.yml says which process each container runs.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
# First what changes seldom: the packages are a layer of their own.
COPY package.json package-lock.json ./
COPY bench/package.json bench/
COPY broker/package.json broker/
COPY cli/package.json cli/
COPY clock/package.json clock/
COPY community/package.json community/
COPY core/package.json core/
COPY dashboard/package.json dashboard/
COPY demo/package.json demo/
COPY edge/package.json edge/
COPY firmware-bridge/package.json firmware-bridge/
COPY flows/package.json flows/
COPY store/package.json store/
COPY telemetry/package.json telemetry/
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run build
RUN npm prune --omit=dev --no-audit --no-fund
RUN mkdir -p /site

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app /app
# A volume takes the owner of what it is mounted over: the site belongs to the user the processes run as.
COPY --from=build --chown=node:node /site /site
USER node
VOLUME /site
ENTRYPOINT ["node", "cli/main.ts"]
CMD ["--help"]
