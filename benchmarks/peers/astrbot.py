"""AstrBot as pip installs it: its Telegram adapter by long poll, one OpenAI-compatible model, the rate limit it ships
with (30 messages a minute of one chat) raised. Its newest versions need Python 3.12."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .rivals import SYSTEM, TOKEN, Rival, Server

MAIN = """
import asyncio
from astrbot.core import LogBroker, LogManager, db_helper, logger
from astrbot.core.initial_loader import InitialLoader

broker = LogBroker()
LogManager.set_queue_handler(logger, broker)
asyncio.run(InitialLoader(db_helper, broker).start())
"""


def astrbot(folder: Path) -> Rival:
    return Rival("astrbot", ("astrbot",), newest_python(), ("python", "main.py"), write_astrbot, folder / "astrbot")


def newest_python() -> str:
    """Python 3.12 where the PATH has one that runs (a version manager's stand-in may not), else this one."""
    found = shutil.which("python3.12")
    runs = found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0
    return found if found and runs else sys.executable


def write_astrbot(folder: Path, server: Server, model: str) -> Mapping[str, str]:
    api = f"http://127.0.0.1:{server.api_port}"
    telegram = {
        "id": "telegram",
        "type": "telegram",
        "enable": True,
        "telegram_token": TOKEN,
        "telegram_api_base_url": f"{api}/bot",
        "telegram_file_base_url": f"{api}/file/bot",
        "telegram_command_register": False,
    }
    source = {
        "id": "bench",
        "provider": "openai",
        "type": "openai_chat_completion",
        "provider_type": "chat_completion",
        "enable": True,
        "key": ["sk-bench"],
        "api_base": server.model_url,
        "timeout": 120,
    }
    config = {
        "config_version": 5,
        "platform_settings": {"rate_limit": {"time": 60, "count": 100_000, "strategy": "stall"}},
        "platform": [telegram],
        "provider_sources": [source],
        "provider": [{"id": "bench/model", "provider_source_id": "bench", "model": model, "enable": True}],
        "provider_settings": {"default_provider_id": "bench/model", "max_context_length": 20, "system_prompt": SYSTEM},
        "dashboard": {"enable": False},
        "log_level": "WARNING",
    }
    (folder / "data").mkdir()
    (folder / "data" / "cmd_config.json").write_text(json.dumps(config), encoding="utf-8-sig")
    (folder / "main.py").write_text(MAIN)
    return {"ASTRBOT_ROOT": str(folder), "HOME": str(folder)}
