# The images of Windlass: `node` (with windlassctl) and `operator` (with kubectl-windlass).
#
#   docker build --target node -t windlass/node .
#   docker build --target operator -t windlass/operator .
#
# Each is made of nothing but programs, the libraries that they load, certificates,
# time zones and a user: no shell, no package manager. deploy/image/build.sh builds both, also
# where no registry is reached, and with programs that are built already.
ARG BASE=debian:bookworm-slim
# `built`: compiled here. `handed-in`: those of build/image/programs.
ARG PROGRAMS=built

FROM ${BASE} AS built
WORKDIR /src
COPY tests/install-deps.sh tests/
RUN tests/install-deps.sh build
COPY . .
RUN cmake --preset release -DWINDLASS_TESTS=OFF \
 && cmake --build build/release --target windlass-node windlass-check windlass-operator windlassctl kubectl-windlass \
 && mkdir /programs \
 && for program in windlass-node windlass-check windlass-operator windlassctl kubectl-windlass; do strip -o /programs/$program build/release/bin/$program; done

FROM ${BASE} AS handed-in
WORKDIR /src
COPY tests/install-deps.sh tests/
RUN tests/install-deps.sh run
COPY build/image/programs /programs

FROM ${PROGRAMS} AS files
COPY LICENSE deploy/image/files.sh /
RUN /files.sh /node windlass-node windlass-check windlassctl \
 && mkdir -m 0750 /node/data && chown 65532:65532 /node/data \
 && /files.sh /operator windlass-operator kubectl-windlass

FROM scratch AS node
COPY --from=files /node /
ENV PATH=/usr/local/bin
USER 65532:65532
WORKDIR /data
EXPOSE 6379 16379
LABEL org.opencontainers.image.title="windlass-node" org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/usr/local/bin/windlass-node"]
CMD ["--protected-mode", "no"]

FROM scratch AS operator
COPY --from=files /operator /
ENV PATH=/usr/local/bin
USER 65532:65532
EXPOSE 8080
LABEL org.opencontainers.image.title="windlass-operator" org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/usr/local/bin/windlass-operator"]
