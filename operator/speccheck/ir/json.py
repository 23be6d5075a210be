"""A Model as JSON and back, and its digest.

`model_to_json` gives canonical bytes: equal Models, equal bytes. `model_from_json` takes bytes from anywhere
and gives a Model whose parts are where the form says, or a ModelError; whether that Model means anything
is for `ir.verify`. The form is described in docs/model-format.md.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import msgspec

from speccheck.errors import ModelError
from speccheck.ir import wire
from speccheck.ir.decoders import model_of
from speccheck.ir.encoders import document
from speccheck.ir.limits import MAX_BYTES
from speccheck.ir.literals import shown
from speccheck.ir.models import FORMAT, Model

_ENCODER = msgspec.json.Encoder(order="deterministic")
_HEAD = msgspec.json.Decoder(wire.Head)
_DOCUMENT = msgspec.json.Decoder(wire.Document)


def model_to_json(model: Model) -> bytes:
    """The Model as canonical JSON in UTF-8, spans included.

    Raises ModelError for what the form cannot carry: values that do not fit their types, text that is not
    Unicode, paths that are not relative, nesting beyond `ir.limits`.
    """
    return _bytes(model, merged=False)


def model_digest(model: Model) -> str:
    """`sha256:…` of what the Model means: its JSON form without spans, bindings and the instance's name.

    Expressions that read the same are one there, so the digest does not depend on how a graph is shared.
    """
    bare = replace(model, spans={}, bindings={}, instance_name="")
    return f"sha256:{sha256(_bytes(bare, merged=True)).hexdigest()}"


def _bytes(model: Model, *, merged: bool) -> bytes:
    try:
        return _ENCODER.encode(document(model, merged=merged))
    except UnicodeEncodeError:
        raise ModelError("a name or text in the model is not Unicode (half of a surrogate pair)") from None
    except RecursionError:
        raise ModelError("a type or block in the model is nested too deeply to be written") from None


def model_schema() -> dict[str, Any]:
    """The JSON Schema of the form, as docs/model.schema.json has it."""
    return msgspec.json.schema(wire.Document)


def model_from_json(data: bytes, *, max_bytes: int = MAX_BYTES) -> Model:
    """The Model in a JSON document of at most `max_bytes` bytes.

    Raises ModelError for anything that is not one: other formats, unknown fields, kinds or operations,
    indices that are out of range or not smaller than their own row's, values that do not fit their types.
    """
    if len(data) > max_bytes:
        raise ModelError(f"the model has {len(data):,} bytes of JSON; at most {max_bytes:,} are read")
    try:
        head = _HEAD.decode(data)
        if head.format != FORMAT:
            raise ModelError(f"the model has format {head.format}, and this version reads format {FORMAT}")
        return model_of(_DOCUMENT.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"not a model: {shown(str(error))}") from None
    except RecursionError:
        raise ModelError("not a model: nested too deeply") from None
