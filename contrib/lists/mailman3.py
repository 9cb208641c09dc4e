# SPDX-License-Identifier: ISC
"""Mailman 3: delivery into a spool instead of a conversation with the MTA.

Put this file where Python finds it, and into mailman.cfg:

    [mta]
    outgoing: mailman3.deliver

The spool is $ML_SPOOL.  The return path is what VERP makes of the list's bounce
address, list-bounces+user=domain@host, which is Mailman's own default form.
An OSError makes Mailman keep the message and try again, a RuntimeError put it aside.
What is tried again after all had gone well is known by its key, and goes out once.
"""
import hashlib
import os
import re
import subprocess
import tempfile

TRY_AGAIN = (69, 71, 74, 75)    # exit codes


def deliver(mlist, msg, msgdata):
    recipients = sorted(msgdata.get('recipients') or ())
    if not recipients:
        return {}
    sender = msgdata.get('sender') or mlist.bounces_address
    # what begins with # is a comment in a list
    lines = ''.join(re.sub('^(#[^"@]*)', r'"\1"', r) + '\n' for r in recipients).encode()
    text = msg.as_bytes()
    key = hashlib.sha256(b'\0'.join((sender.encode(), lines, text))).hexdigest()
    with tempfile.NamedTemporaryFile() as members:
        members.write(lines)
        members.flush()
        done = subprocess.run(
            ['ml-explode', '-f', sender, '-V', '+=', '-k', key, '-l', members.name,
             os.environ.get('ML_SPOOL', '/var/spool/ml/news')],
            input=text, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    error = done.stderr.decode(errors='replace').strip()
    if done.returncode in TRY_AGAIN:
        raise OSError(done.returncode, error)
    if done.returncode != 0:
        raise RuntimeError(error)
    return {}
