# The agent: the native binary that `./portal pack` leaves in artifacts/pack, and what it runs containers with.
# Built from the root of the repository: docker build -f docker/agent.Dockerfile -t portal-agent .
FROM debian:12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends crun conmon libnftables1 catatonit ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --system --gid 8443 portal
COPY artifacts/pack/portal-agent-*/portal-agent /usr/local/bin/portal-agent
# Images, containers and volumes; overlayfs cannot lie on overlayfs, so this must be a volume.
VOLUME /var/lib/portal-agent
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/portal-agent"]
CMD ["--socket", "/run/portal/engine.sock", "--socket-group", "portal"]
