"""Who gets alerts: mail servers and webhooks (I/O shell)."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Protocol, TypeAlias

import aiohttp

from core.config import MailSettings, Settings, WebhookSettings
from core.errors import InputError
from monitoring.alert_book import Message, Severity
from monitoring.alert_text import Writer

__all__ = ["MailReceiver", "Receiver", "WebhookReceiver", "receivers_of", "wants"]

_TIMEOUT_S: Final = 15.0
_DEFAULT_PORTS: Final = {"starttls": 587, "none": 25, "tls": 465}
_REDIRECT: Final = 300

Secrets: TypeAlias = Mapping[str, str]


class Receiver(Protocol):
    """Somebody who is told."""

    name: str
    severity: Severity

    async def deliver(self, message: Message, writer: Writer) -> None:
        """Hand a message over; when this returns, the receiver has it.

        Raises:
            InputError: If it was not taken.
        """


def wants(receiver: Receiver, message: Message) -> bool:
    """Tell whether a receiver is told of such a message."""
    return message.kind == "test" or receiver.severity == "ticket" or message.severity == "page"


def receivers_of(settings: Settings, secrets: Secrets) -> dict[str, Receiver]:
    """Make every configured receiver, by name."""
    monitoring = settings.monitoring
    every: list[Receiver] = [MailReceiver(item, secrets) for item in monitoring.mails]
    every += [WebhookReceiver(item, secrets) for item in monitoring.webhooks]
    return {receiver.name: receiver for receiver in every}


class MailReceiver:
    """A mail server takes the message for some addresses."""

    def __init__(self, settings: MailSettings, secrets: Secrets) -> None:
        self.name: str = settings.name
        self.severity: Severity = settings.severity
        self._settings = settings
        host, _, port = settings.server.partition(":")
        self._server = (host, int(port or _DEFAULT_PORTS[settings.security]))
        self._password = secrets[settings.password_env] if settings.password_env else None

    async def deliver(self, message: Message, writer: Writer) -> None:
        """Hand the mail to the server.  Cancelling waits until the server has answered.

        Raises:
            InputError: If the server does not take it for every address.
        """
        letter = writer.letter(message)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address("Lensong", addr_spec=self._settings.sender)
        mail["To"] = [Address(addr_spec=to) for to in self._settings.to]
        mail["Subject"] = letter.subject
        mail["Date"] = format_datetime(datetime.fromtimestamp(message.made_s, UTC))
        # Answers of machines to machines make loops (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        if message.severity == "page" and message.kind != "test":
            mail["Importance"] = "high"
        mail.set_content(letter.text)
        try:
            await asyncio.to_thread(self._send, mail)
        except (OSError, smtplib.SMTPException) as error:
            raise InputError(_without_secrets(error)) from error

    def _send(self, mail: EmailMessage) -> None:
        security = self._settings.security
        context = None if security == "none" else ssl.create_default_context()
        host, port = self._server
        server: smtplib.SMTP
        if security == "tls":
            server = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT_S)
        with server:
            if security == "starttls":
                server.starttls(context=context)
            if self._settings.user is not None and self._password is not None:
                server.login(self._settings.user, self._password)
            refused = server.send_message(mail)
        if refused:
            raise smtplib.SMTPException(f"not taken for {', '.join(refused)}")


def _without_secrets(error: Exception) -> str:
    """Say what went wrong; a server's answer to a login may repeat what it was given."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"the mail server refuses the login ({error.smtp_code})"
    return f"{type(error).__name__}: {error}"


class WebhookReceiver:
    """A URL takes the message as JSON."""

    def __init__(self, settings: WebhookSettings, secrets: Secrets) -> None:
        self.name: str = settings.name
        self.severity: Severity = settings.severity
        self._url = secrets[settings.url_env]
        token = secrets[settings.token_env] if settings.token_env else None
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    async def deliver(self, message: Message, writer: Writer) -> None:
        """Post the message.  Cancelling is safe; the receiver may have it then.

        Raises:
            InputError: If the answer is no 2xx.
        """
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session,
                session.post(
                    self._url, json=writer.values(message), allow_redirects=False
                ) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # The error's own words may hold the address, and the address a secret.
            raise InputError(f"does not answer ({type(error).__name__})") from None
        if status >= _REDIRECT:
            raise InputError(f"answers {status}")
