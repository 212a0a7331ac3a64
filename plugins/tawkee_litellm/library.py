"""The one place where LiteLLM is imported: late, quiet, without a look at the network or at a `.env` file."""

import os
import warnings
from functools import lru_cache
from typing import Any

ENVIRONMENT = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it fetches its price list from GitHub at import
    "LITELLM_MODE": "PRODUCTION",  # else it loads whatever `.env` lies in the working directory
    "HF_HUB_OFFLINE": "1",  # else counting a Llama's tokens asks Hugging Face, five times, for 23 s
    # Its chat calls then go through one httpx client as all its other providers' do: a third less CPU than by way
    # of the OpenAI SDK (5.3 against 7.8 ms a call), and one kind of client to bound.
    "EXPERIMENTAL_OPENAI_BASE_LLM_HTTP_HANDLER": "True",
}


@lru_cache(maxsize=1)
def load_litellm() -> Any:
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():  # pydantic warns of LiteLLM's own types, once, when it first builds them: here
        warnings.simplefilter("ignore", UserWarning)
        import litellm

        litellm.ModelResponse()
        litellm.EmbeddingResponse()
        litellm.TranscriptionResponse()
    library: Any = litellm
    library.telemetry = False
    library.suppress_debug_info = True
    library.drop_params = True
    library.DEFAULT_MAX_RETRIES = 0  # its embeddings take `max_retries=0` for "not given"
    return library
