#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Celery Flower's page of the broker: the queue of a Celery application with its messages.

usage: flower.py CELERY     the program of an environment that has Flower
"""
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import api

BROKER = f'amqp://guest:guest@{api.HOST}:{api.AMQP}//'
PORT = int(subprocess.check_output([os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                 '../../free_port.sh')]))


def page(path):
    try:
        with urllib.request.urlopen(f'http://{api.HOST}:{PORT}/{path}', timeout=10) as r:
            return r.status, r.read().decode()
    except (urllib.error.URLError, OSError) as e:
        return 0, str(e)


def fill():
    """Tasks that nobody takes."""
    channel = api.pika.BlockingConnection(
        api.pika.ConnectionParameters(api.HOST, api.AMQP)).channel()
    channel.confirm_delivery()
    channel.queue_declare('celery', durable=True)
    for _ in range(7):
        channel.basic_publish('', 'celery', b'{}')
    channel.connection.close()


def main():
    fill()
    flower = subprocess.Popen(
        [sys.argv[1], f'--broker={BROKER}', 'flower', f'--address={api.HOST}', f'--port={PORT}',
         f'--broker_api=http://guest:guest@{api.HOST}:{api.WEB}/api/'],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        end = time.monotonic() + 30
        while page('healthcheck')[0] != 200 and time.monotonic() < end:
            time.sleep(0.2)
        status, text = page('broker')
        cells = re.findall(r'<td>\s*([^<]*?)\s*</td>', text)
        api.check('the page of the broker', status == 200, text)
        api.check('has the queue and its messages', cells[:3] == ['celery', '7', '0'], cells)
    finally:
        flower.terminate()
        said = flower.communicate(timeout=20)[1]
    api.check('Flower got at the API', 'Unable to get queues' not in said and
              'broker API' not in said, said)
    return api.failed != 0


sys.exit(main())
