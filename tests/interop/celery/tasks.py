# SPDX-License-Identifier: Apache-2.0
"""The application of the task queue stage. A task notes its number and its worker, then is acked.

INTEROP_PORT: the broker; INTEROP_NOTES: the file of notes.
"""
import os

from celery import Celery

app = Celery('interop', broker=f"pyamqp://guest:guest@127.0.0.1:{os.environ['INTEROP_PORT']}//")
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=4,
    broker_transport_options={'confirm_publish': True},
    broker_connection_retry_on_startup=True,
)


@app.task(bind=True, name='note')
def note(self, number):
    line = f'{number} {self.request.hostname}\n'.encode()
    file = os.open(os.environ['INTEROP_NOTES'], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.write(file, line)
    os.close(file)
