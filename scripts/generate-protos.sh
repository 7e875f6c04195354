#!/usr/bin/env bash
# Writes Sources/TensorBoard/event.pb.swift from Protos/event.proto. Needed only if the definitions
# change. Needs protoc and protoc-gen-swift on PATH; the second from the checkout of the swift-protobuf
# version that the package uses: swift build -c release --product protoc-gen-swift
set -euo pipefail
cd "$(dirname "$0")/.."
for tool in protoc protoc-gen-swift; do
  command -v "$tool" >/dev/null || { echo "generate-protos: $tool is not on PATH" >&2; exit 1; }
done
protoc --proto_path=Sources/TensorBoard/Protos --swift_opt=Visibility=Public \
  --swift_out=Sources/TensorBoard event.proto
