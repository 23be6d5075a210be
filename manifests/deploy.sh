#!/bin/sh
# Installs the operator: into the cluster of `make cluster`, with an image built from this checkout; or, with IMAGE=name:tag
# set, into the cluster your kubectl talks to, with that image. Waits until it is ready, three minutes at most.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}

if [ -z "${IMAGE:-}" ]; then
    environment=$("$python" -m tests.cluster env)
    eval "$environment"
    IMAGE=$("$python" -m tests.cluster load | tail -n 1)
fi
case $IMAGE in
*:*) ;;
*)
    echo "deploy: IMAGE=$IMAGE has no tag; write name:tag" >&2
    exit 5
    ;;
esac

overlay=build/deploy
mkdir -p "$overlay"
cp manifests/overlays/own-image/image-fields.yaml "$overlay/"
cat >"$overlay/kustomization.yaml" <<END
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../manifests/base
images:
- name: speccheck.dev/speccheck
  newName: ${IMAGE%:*}
  newTag: "${IMAGE##*:}"
configurations:
- image-fields.yaml
END
kubectl apply --server-side -k "$overlay"
kubectl -n speccheck-system rollout status deployment/speccheck-operator --timeout=180s
