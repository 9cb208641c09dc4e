# SPDX-License-Identifier: ISC
"""Mailman 3: delivery into a spool instead of a conversation with the MTA.

Put this file where Python finds it, and into mailman.cfg:

    [mta]
    outgoing: mailman3.deliver

The spool is $ML_SPOOL.  The return path is what VERP makes of the list's bounce
address, list-bounces+user=domain@host, which is Mailman's own default form.
An OSError makes Mailman keep the message and try again.
"""
import os
import subprocess
import tempfile


def deliver(mlist, msg, msgdata):
    recipients = sorted(msgdata.get('recipients') or ())
    if not recipients:
        return {}
    sender = msgdata.get('sender') or mlist.bounces_address
    with tempfile.NamedTemporaryFile() as members:
        members.write(''.join(r + '\n' for r in recipients).encode())
        members.flush()
        done = subprocess.run(
            ['ml-explode', '-f', sender, '-V', '+=', '-l', members.name,
             os.environ.get('ML_SPOOL', '/var/spool/ml/news')],
            input=msg.as_bytes(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise OSError(done.returncode, done.stderr.decode(errors='replace').strip())
    return {}
