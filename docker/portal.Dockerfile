# The portal: what `./portal pack` leaves in artifacts/pack/portal-web, with the .NET runtime beside it, as a user of its own.
# Built from the root of the repository: docker build -f docker/portal.Dockerfile -t portal-web .
FROM debian:12-slim
# The same number as in the agent's image: the group of the socket they share.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libssl3 \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 8443 portal \
 && useradd --system --uid 8443 --gid portal --home-dir /var/lib/portal --no-create-home --shell /usr/sbin/nologin portal \
 && install -d -m 0700 -o portal -g portal /var/lib/portal
COPY artifacts/pack/dotnet /usr/share/dotnet
COPY artifacts/pack/portal-web /opt/portal/web
WORKDIR /opt/portal/web
USER portal
VOLUME /var/lib/portal
EXPOSE 8443
ENTRYPOINT ["/opt/portal/web/portal-web"]
