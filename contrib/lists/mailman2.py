# SPDX-License-Identifier: ISC
"""Mailman 2.1: delivery into a spool instead of a conversation with the MTA.

Put this file into Mailman/Handlers as Spool.py, and into mm_cfg.py:

    DELIVERY_MODULE = 'Spool'

The spool is $ML_SPOOL.  The return path is what VERP makes of the list's bounce
address, list-bounces+user=domain@host, which is Mailman's own default form.
A socket.error makes Mailman keep the message and try again, a RuntimeError put it aside.
What is tried again after all had gone well is known by its key, and goes out once.
"""
import hashlib
import os
import re
import socket
import subprocess
import tempfile

TRY_AGAIN = (69, 71, 74, 75)    # exit codes


def octets(text):
    return text if isinstance(text, bytes) else text.encode('utf-8')


def process(mlist, msg, msgdata):
    recipients = sorted(msgdata.get('recips') or ())
    if not recipients:
        return
    sender = msgdata.get('envsender') or mlist.GetBouncesEmail()
    # what begins with # is a comment in a list
    lines = b''.join([re.sub(b'^(#[^"@]*)', b'"\\1"', octets(r)) + b'\n' for r in recipients])
    text = octets(str(msg))
    key = hashlib.sha256(b'\0'.join((octets(sender), lines, text))).hexdigest()
    members = tempfile.NamedTemporaryFile()
    try:
        members.write(lines)
        members.flush()
        explode = subprocess.Popen(
            ['ml-explode', '-f', sender, '-V', '+=', '-k', key, '-l', members.name,
             os.environ.get('ML_SPOOL', '/var/spool/ml/news')],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        error = explode.communicate(text)[1]
    finally:
        members.close()
    if explode.returncode in TRY_AGAIN:
        raise socket.error(explode.returncode, error.strip())
    if explode.returncode != 0:
        raise RuntimeError(error.strip())
