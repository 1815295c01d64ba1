"""A visitor without a browser: speaks Streamlit's own protocol, so that only the server is measured.

It does what a browser does for a page: opens the websocket, keeps the elements, answers the timers of fragments, keeps
the messages that the server may refer to later, and fetches every new picture.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NumberInput_pb2 import NumberInput
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

from tests.benchmarks.serving.browser import KeptMessages, Timers, VisitError
from tests.benchmarks.serving.http_connection import HttpConnection
from tests.benchmarks.serving.page_elements import Element, PageElements

_XSRF = "_streamlit_xsrf"
_ANY = "any"  # where any run of the script is awaited
_UPLOADS_TRIED = 15
_FOLLOWS = 1.0  # seconds after a run of the page in which that of a fragment may follow that was asked for meanwhile
# Seconds until a page that gives no answer counts as broken. Where short questions keep coming from many visitors, the
# last samples of a longer one wait for minutes.
_WAIT = 300.0


class Visitor:
    """One open page.

    Parameters
    ----------
    port : int
        Of the server, on this machine.
    query : str
        Query string of the address, without the question mark.
    session : str
        Id of an earlier session to come back to; empty for a new one.
    screen : str
        The screen that is opened, as the address names it; empty for the first one.

    Attributes
    ----------
    page : PageElements
        What the page shows.
    fetched : int
        Bytes of pictures so far.
    """

    def __init__(self, port: int, query: str = "", session: str = "", screen: str = "") -> None:
        self.page = PageElements()
        self.fetched = 0
        self.session = session
        self._query, self._host = query, f"127.0.0.1:{port}"
        self._http = HttpConnection(port, timeout=_WAIT)
        self._timers, self._kept = Timers(), KeptMessages()
        self._states: dict[str, WidgetState] = {}
        self._seen: set[str] = set()
        self._missing: set[str] = set()
        self._uploads: dict[str, FileURLs] = {}
        self._running = False
        # The fragment whose run was asked for and has not begun, "" for the whole page. The server may still have to
        # run a fragment whose timer was due before: the next run is not always the one that was asked for.
        self._awaited: str | None = None
        # A run of the whole page answers a fragment's question too if it began after that was asked; if it began
        # before, the fragment's run follows it at once.
        self._may_follow, self._quiet_until = False, 0.0
        self._page_hash = self._run = ""
        self._screen = screen
        # What a browser asks for first; the cookie is what an upload has to show again.
        self._http.get("/_stcore/host-config")
        self._http.get("/_stcore/health")
        self._token = self._http.cookies[_XSRF]
        self._open = ExitStack()
        self._socket = self._open.enter_context(
            connect(
                f"ws://{self._host}/_stcore/stream",
                origin=f"http://{self._host}",
                subprotocols=["streamlit", self._token, *([session] if session else [])],
                additional_headers={"Cookie": f"{_XSRF}={self._token}"},
                compression=None,
                max_size=None,
                proxy=None,
            )
        )
        self._rerun()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def complaints(self) -> list[str]:
        """Return every exception, error and missing picture on the page.

        A picture that the next run has replaced before it was fetched is gone from the server, and soon from the page.
        """
        missing = sorted(self._missing & self.page.pictures())
        return [*self.page.complaints(), *(f"There is no picture {address}." for address in missing)]

    def leave(self) -> None:
        """Close the page."""
        self._open.close()
        self._http.close()

    @property
    def idle(self) -> bool:
        """Whether no run of the script is under way."""
        return not self._running and self._awaited is None and time.monotonic() >= self._quiet_until

    @property
    def settled(self) -> bool:
        """Whether nothing on the page is going to change by itself: no run, and no fragment that runs on a timer."""
        return self.idle and not self._timers

    def wait(self, until: Callable[[Visitor], bool], seconds: float = _WAIT, what: str = "the page") -> None:
        """Take part in the page until a condition holds.

        Raises
        ------
        VisitError
            When it does not hold after so many seconds.
        """
        end = time.monotonic() + seconds
        while not until(self):
            now = time.monotonic()
            if now > end:
                raise VisitError(f"Waited {seconds:.0f} s for {what}; {self._state()}.")
            quiet = self._quiet_until if self._quiet_until > now else end
            self._step(min(end, quiet, self._timers.next()) - now)

    def _state(self) -> str:
        progress = [f"{one.content.value} % {one.content.text}" for one in self.page.all("progress")]
        return (
            f"running: {self._running}, awaited: {self._awaited!r}, timers: {len(self._timers)}, progress: {progress}, "
            f"the page says {self.complaints() or 'nothing'}"
        )

    def stay(self, seconds: float) -> None:
        """Look at the page for some time."""
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self._step(min(end, self._timers.next()) - now)

    def press(self, key: str) -> None:
        """Press a button."""
        widget = self._widget(key)
        self._rerun(widget.fragment, pressed=WidgetState(id=widget.content.id, trigger_value=True))

    def move(self, key: str, value: float) -> None:
        """Move a slider, or set a number."""
        widget, state = self._widget(key), WidgetState()
        if widget.kind == "slider":
            state.double_array_value.data.append(value)
        elif widget.content.data_type == NumberInput.INT:
            state.int_value = int(value)
        else:
            state.double_value = value
        self._change(widget, state)

    def choose(self, key: str, option: str) -> None:
        """Choose an option by what it is called: of a select box, of a row of buttons, or a tab."""
        widget, state = self._widget(key), WidgetState()
        if widget.kind == "button_group":
            state.string_array_value.data.append(option)
        else:
            state.string_value = option
        self._change(widget, state)

    def turn_to(self, key: str, page: int) -> None:
        """Choose a page, by its number from 1, of what is shown a page at a time."""
        self._change(self._widget(key), WidgetState(int_value=page))

    def upload(self, key: str, name: str, content: bytes) -> None:
        """Choose a file."""
        widget = self._widget(key)
        urls = self._upload_address(name)
        self._http.put_file(urls.upload_url, name, content, {"X-Xsrftoken": self._token})
        state = WidgetState()
        state.file_uploader_state_value.uploaded_file_info.add(
            name=name, size=len(content), file_id=urls.file_id, file_urls=urls
        )
        self._change(widget, state)

    def _upload_address(self, name: str) -> FileURLs:
        """Ask where to send a file; again after some seconds, because a run that begins may swallow the answer."""
        for _ in range(_UPLOADS_TRIED):
            request = uuid.uuid4().hex
            message = BackMsg()
            message.file_urls_request.request_id = request
            message.file_urls_request.file_names.append(name)
            message.file_urls_request.session_id = self.session
            self._send(message)
            end = time.monotonic() + _WAIT / _UPLOADS_TRIED
            while request not in self._uploads and time.monotonic() < end:
                self.stay(0.1)
            if request in self._uploads:
                return self._uploads.pop(request)
        raise VisitError(f"The server gives no address for an upload; {self._state()}.")

    def _widget(self, key: str) -> Element:
        widget = self.page.widget(key)
        if widget is None:
            raise VisitError(f"The page has no widget with the key {key!r}.")
        return widget

    def _change(self, widget: Element, state: WidgetState) -> None:
        state.id = widget.content.id
        self._states[state.id] = state
        self._rerun(widget.fragment)

    def _rerun(self, fragment: str = "", *, pressed: WidgetState | None = None, by_timer: bool = False) -> None:
        message = BackMsg()
        asked = message.rerun_script
        asked.query_string = self._query
        asked.widget_states.widgets.extend(self._states.values())
        if pressed is not None:
            asked.widget_states.widgets.append(pressed)
        asked.page_script_hash = self._page_hash
        asked.page_name = "" if self._page_hash else self._screen
        asked.fragment_id = fragment
        asked.is_auto_rerun = by_timer
        asked.cached_message_hashes.extend(self._kept.hashes)
        asked.context_info.url = f"http://{self._host}/"
        asked.context_info.locale = "en-GB"
        asked.context_info.timezone = "UTC"
        if not by_timer:
            self._awaited = fragment
        self._send(message)

    def _send(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _step(self, seconds: float) -> None:
        """Take the next message, or run what is due."""
        try:
            received = self._socket.recv(timeout=max(seconds, 0.0))
        except TimeoutError:
            received = None
        if received is not None:
            message = ForwardMsg()
            message.ParseFromString(received)
            self._take(self._kept.whole(message))
        for fragment in self._timers.due():
            self._rerun(fragment, by_timer=True)

    def _take(self, message: ForwardMsg) -> None:
        handler = getattr(self, f"_take_{message.WhichOneof('type')}", None)
        if handler is not None:
            handler(message)

    def _take_new_session(self, message: ForwardMsg) -> None:
        started = message.new_session
        self._running = True
        fragments = message.metadata.run.fragment_ids
        self._quiet_until = 0.0
        self._may_follow = not fragments and self._awaited not in (None, _ANY, "")
        if not fragments or self._awaited in (_ANY, *fragments):
            self._awaited = None
        self._run = message.metadata.run.script_run_id
        self.session = started.initialize.session_id or self.session
        self._page_hash = started.page_script_hash
        if not message.metadata.run.fragment_ids:
            self._kept.most = started.config.max_cached_message_age
            self._timers.clear()

    def _take_navigation(self, message: ForwardMsg) -> None:
        self._page_hash = message.navigation.page_script_hash

    def _take_delta(self, message: ForwardMsg) -> None:
        self.page.take(message, self._run)
        if message.delta.WhichOneof("type") == "new_element":
            element = message.delta.new_element
            content = getattr(element, element.WhichOneof("type") or "", None)
            # The page itself has moved this widget: what the visitor had set does not count any more.
            if getattr(content, "set_value", False):
                self._states.pop(content.id, None)

    def _take_script_finished(self, message: ForwardMsg) -> None:
        self._running = False
        status = message.script_finished
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            self._awaited = self._awaited or _ANY  # the next run follows by itself
            return
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise VisitError("The script of the page does not compile.")
        if self._may_follow:
            self._may_follow, self._quiet_until = False, time.monotonic() + _FOLLOWS
        fragments = list(message.metadata.run.fragment_ids)
        self.page.finish(self._run, fragments)
        self._kept.run_finished(fragments)
        self._fetch_new_pictures()

    def _take_auto_rerun(self, message: ForwardMsg) -> None:
        self._timers.start(message.auto_rerun.fragment_id, message.auto_rerun.interval)

    def _take_stop_auto_rerun(self, message: ForwardMsg) -> None:
        for fragment in message.stop_auto_rerun.fragment_ids:
            self._timers.stop(fragment)

    def _take_file_urls_response(self, message: ForwardMsg) -> None:
        response = message.file_urls_response
        if response.error_msg or not response.file_urls:
            raise VisitError(f"The server takes no upload: {response.error_msg}")
        self._uploads[response.response_id] = response.file_urls[0]

    def _fetch_new_pictures(self) -> None:
        shown = self.page.pictures()
        # What was replaced before it could be fetched may come back with a later run, and is asked for again then.
        self._seen -= self._missing - shown
        self._missing &= shown
        for address in sorted(shown - self._seen):
            self._seen.add(address)
            if not address.startswith("/"):
                continue
            try:
                self.fetched += len(self._http.get(address))
            except VisitError:
                self._missing.add(address)
