# The portal: what `./portal pack` publishes to artifacts/pack/portal-web, as a user of its own.
# Built from the root of the repository: docker build -f docker/portal.Dockerfile -t portal-web .
FROM mcr.microsoft.com/dotnet/aspnet:10.0
# The same number as in the agent's image: the group of the socket they share.
RUN groupadd --system --gid 8443 portal \
 && useradd --system --uid 8443 --gid portal --home-dir /var/lib/portal --no-create-home --shell /usr/sbin/nologin portal \
 && install -d -m 0700 -o portal -g portal /var/lib/portal
COPY artifacts/pack/portal-web /opt/portal/web
WORKDIR /opt/portal/web
USER portal
VOLUME /var/lib/portal
EXPOSE 8443
ENTRYPOINT ["/opt/portal/web/portal-web"]
