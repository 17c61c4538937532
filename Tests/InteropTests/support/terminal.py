"""A terminal, and the program that runs in it: what a person sees of it, and types."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios

from support.node import binary, environment

CONTROL_C = "\x03"
# The terminal becomes the session's, whose keys then reach it; and SIGINT is not to be ignored only because
# whoever runs the tests in the background does. In a process of its own, as gRPC bears no fork.
TAKE = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
READ_BYTES = 1 << 16
# What moves the cursor, and what clears; the rest of the text is shown as it is.
CUT = re.compile("(.*?)((?:\x1b(?:\\[[0-9;?]*)?)?)", re.DOTALL)
PIECES = re.compile("\x1b\\[([0-9;?]*)([A-Za-z])|([\r\n\b])|([^\x1b\r\n\b]+)|(\x1b)")


class Terminal:
    """`with Terminal("cluster", "migrations", "--watch") as terminal:` runs `larder` in it, as a shell does
    in the foreground."""

    def __init__(self, *arguments, columns=80, rows=24):
        self.columns, self.rows = columns, rows
        # Each row with whether it goes on in the next one.
        self._shown, self._goes_on = [""], set()
        self._row = self._column = 0
        self.raw, self._cut = "", ""
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._settings = termios.tcgetattr(self._slave)
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE, binary(), *arguments], env=environment(),
            stdin=self._slave, stdout=self._slave, stderr=self._slave, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind:
            print(f"the terminal:\n{self.screen()}\nall of it:\n{self.raw!r}")
        self.process.kill()
        self.process.wait()
        os.close(self._master)
        os.close(self._slave)

    def type(self, keys):
        os.write(self._master, keys.encode())

    @property
    def has_its_settings(self):
        """The same as before the program ran: echo, lines, signals."""
        return termios.tcgetattr(self._slave) == self._settings

    def screen(self):
        """What is to be seen now; a line that goes on in the next row is one."""
        while select.select([self._master], [], [], 0)[0]:
            self._show(os.read(self._master, READ_BYTES).decode())
        shown = range(max(0, len(self._shown) - self.rows), len(self._shown))
        return "".join(
            self._shown[row] + ("" if row in self._goes_on else "\n") for row in shown)

    def _show(self, text):
        self.raw += text
        # The end of what is read may be in the middle of what belongs together.
        text, self._cut = CUT.fullmatch(self._cut + text).groups()
        for numbers, command, control, plain, _ in PIECES.findall(text):
            if plain:
                self._put(plain)
            elif control:
                self._move(control)
            elif command == "A":
                # No further than to the top of what is to be seen.
                top = max(0, len(self._shown) - self.rows)
                self._row = max(top, self._row - int(numbers or 1))
            elif command in "JK":
                assert not numbers, text
                self._clear(command == "J")
            else:
                raise AssertionError(f"ESC [ {numbers} {command} is not known here")

    def _put(self, plain):
        for character in plain:
            if self._column == self.columns:
                self._goes_on.add(self._row)
                self._column = 0
                self._down()
            line = self._shown[self._row].ljust(self._column)
            self._shown[self._row] = line[:self._column] + character + line[self._column + 1:]
            self._column += 1

    def _move(self, control):
        if control == "\n":
            self._goes_on.discard(self._row)
            self._down()
        elif control == "\r":
            self._column = 0
        else:
            self._column = max(0, self._column - 1)

    def _down(self):
        self._row += 1
        if self._row == len(self._shown):
            self._shown.append("")

    def _clear(self, all_below):
        # The cursor stands on the last column where it is about to go on in the next row.
        column = min(self._column, self.columns - 1)
        self._shown[self._row] = self._shown[self._row][:column]
        self._goes_on.discard(self._row)
        if all_below:
            del self._shown[self._row + 1:]
            self._goes_on = {row for row in self._goes_on if row < self._row}
