"""Loading models and tokenizers: the built-in `tiny`, hub ids and local folders, of any architecture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
import transformers

from hbench.errors import DataError, UsageError
from hbench.files import first_line
from hbench.models.catalogue import TINY_POSITIONS, Model
from hbench.models.folder import no_padding
from hbench.models.limits import Limits, check_limits, positions_of
from hbench.quiet import quiet_loggers

if TYPE_CHECKING:
    from hbench.plugins import Head

_TINY_VOCABULARY = 8000
_SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def load_tokenizer(model: Model, texts: Iterable[str]) -> Any:
    """Return the model's fast tokenizer; `tiny` takes its vocabulary from `texts`, the training examples.

    One without a padding token, as decoders have it, pads with the end of the text. Raises DataError when there is no
    tokenizer or no such token, UsageError when it is not a fast one.
    """
    if model.folder is None and model.hub is None:
        return _tiny_tokenizer(texts)
    with _readable_errors(model), _quiet():
        tokenizer = transformers.AutoTokenizer.from_pretrained(_place(model), **_version(model))
    if not tokenizer.is_fast:
        raise UsageError(f"model '{model.ref}' has no fast tokenizer; choose a model with a tokenizer.json")
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # The library makes one from nothing but the configuration where there are no files.
        raise DataError(
            f"model '{model.ref}': holds no tokenizer, only special tokens; save it there, or choose another"
        )
    if tokenizer.pad_token is None:
        if tokenizer.eos_token is None:
            raise no_padding(model.folder or model.ref)
        tokenizer.pad_token = tokenizer.eos_token
    # Decoders often ask for padding in front, which suits generating: here positions count from the first real token.
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    return tokenizer


def load_config(model: Model, head: Head, tokenizer: Any) -> Any:
    """Return the configuration of the model with the task's head and the layers asked for."""
    # Fused attention kernels on GPUs either take no padding mask or are not deterministic.
    settings: Mapping[str, Any] = {
        **head.config,
        "pad_token_id": tokenizer.pad_token_id,
        "attn_implementation": "eager",
    }
    if model.folder is None and model.hub is None:
        config = transformers.BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=128,
            max_position_embeddings=TINY_POSITIONS,
            **settings,
        )
    else:
        with _readable_errors(model), _quiet():
            config = transformers.AutoConfig.from_pretrained(_place(model), **_version(model), **settings)
    wanted = model.options.layers
    if wanted is not None:
        if wanted > config.num_hidden_layers:
            raise UsageError(f"model '{model.ref}' has {config.num_hidden_layers} layers; ask for no more than these")
        config.num_hidden_layers = wanted
    return config


def check_loaded(model: Model, tokenizer: Any, config: Any, max_length: int, texts: int) -> None:
    """Refuse a model and a `max_length` that do not suit each other; `check_limits` says which and what is raised."""
    embeddings = getattr(config, "vocab_size", None)
    added = tokenizer.num_special_tokens_to_add(pair=False), tokenizer.num_special_tokens_to_add(pair=True)
    # Not len(tokenizer), which counts the tokens: ids may have gaps.
    tokens = max(tokenizer.get_vocab().values()) + 1
    check_limits(model.ref, Limits(positions_of(config.to_dict()), embeddings, tokens, added), max_length, texts)


def load_model(model: Model, head: Head, config: Any, seed: int) -> torch.nn.Module:
    """Return the model in float32, its new weights drawn from `seed`.

    Raises DataError when the hub does not answer, UsageError when the architecture has no such head or the checkpoint
    has no weights for the part below it.
    """
    torch.manual_seed(seed)
    auto = auto_class(head)
    if model.folder is None and model.hub is None:
        built: torch.nn.Module = auto.from_config(config)
        return built
    with _readable_errors(model), _quiet():
        settings = {"config": config, "dtype": torch.float32, **_version(model)}
        loaded, report = auto.from_pretrained(_place(model), output_loading_info=True, **settings)
        if _lacks_encoder(loaded, report["missing_keys"]):
            # Some heads of the library keep the encoder under another name than the checkpoint does: it is then left
            # with random weights, in silence.
            encoder, report = transformers.AutoModel.from_pretrained(
                _place(model), output_loading_info=True, **settings
            )
            if _lacks_encoder(encoder, report["missing_keys"]):
                raise UsageError(
                    f"model '{model.ref}' holds no weights for {type(loaded).__name__}; choose another one"
                )
            loaded.base_model.load_state_dict(encoder.state_dict())
    network: torch.nn.Module = loaded
    return network


def auto_class(head: Head) -> Any:
    """Return the class of transformers that builds the head, such as AutoModelForSequenceClassification."""
    return getattr(transformers, head.auto)


def _lacks_encoder(network: Any, missing: Iterable[str]) -> bool:
    """Return whether most weights of the part below the head were not in the checkpoint."""
    prefix = "" if network.base_model is network else f"{network.base_model_prefix}."
    lacking = sum(name.startswith(prefix) for name in missing)
    return lacking > len(network.base_model.state_dict()) / 2


def _place(model: Model) -> str:
    return str(model.folder) if model.folder is not None else str(model.hub)


def _version(model: Model) -> dict[str, str | bool]:
    settings: dict[str, str | bool] = {"trust_remote_code": False}
    if model.hub is not None and model.revision is not None:
        settings["revision"] = model.revision
    return settings


def _tiny_tokenizer(texts: Iterable[str]) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    normalizer, splitter = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)))
    words = sorted(counts, key=lambda word: (-counts[word], word))[:_TINY_VOCABULARY]
    vocabulary = {word: i for i, word in enumerate(dict.fromkeys((*_SPECIAL.values(), *words)))}
    core = Tokenizer(models.WordLevel(vocabulary, _SPECIAL["unk_token"]))
    core.normalizer, core.pre_tokenizer = normalizer, splitter
    core.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=core,
        **_SPECIAL,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        model_max_length=TINY_POSITIONS,
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's load report and bars off the terminal: new head weights are expected here."""
    transformers.logging.disable_progress_bar()
    try:
        with quiet_loggers("transformers", "huggingface_hub"):
            yield
    finally:
        transformers.logging.enable_progress_bar()


@contextmanager
def _readable_errors(model: Model) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if model.folder is not None:
            raise DataError(f"model '{model.ref}': {model.folder} cannot be loaded ({first_line(error)})") from error
        raise DataError(
            f"model '{model.ref}': could not be fetched from the hub ({first_line(error)}); "
            "check the name and the network, or give a local folder"
        ) from error
    except ValueError as error:
        raise UsageError(f"model '{model.ref}' cannot be used for this task: {first_line(error)}") from error
