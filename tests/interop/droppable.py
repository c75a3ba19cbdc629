#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A relay before a broker whose connections can be listed and dropped over HTTP, by the two calls
that RabbitMQ's management API has for it. What is dropped ends without a word on both sides.

usage: droppable.py BROKER_PORT COMMAND...     runs the command with the relay's AMQP_URL; ends with
                                               3 if the HTTP port is taken
"""
import asyncio
import json
import os
import re
import sys
import urllib.parse

HTTP_PORT = 15672   # as the management API has it
BROKER_PORT = int(sys.argv[1])
NAMED = re.compile(rb'\x0fconnection_nameS....([ -~]*)', re.S)
START_BYTES = 4096   # a client names its connection in its first frame

links = {}


async def pour(reader, writer, see=lambda data: None):
    try:
        while data := await reader.read(65536):
            see(data)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


async def relay(reader, writer):
    link = {'name': '%s:%d -> relay' % writer.get_extra_info('peername')[:2], 'title': '',
            'start': b'', 'ends': [writer]}

    def see(data):
        if len(link['start']) < START_BYTES:
            link['start'] += data
            found = NAMED.search(link['start'])
            link['title'] = found[1].decode() if found else ''
    try:
        up, down = await asyncio.open_connection('127.0.0.1', BROKER_PORT)
    except OSError:
        writer.close()
        return
    link['ends'].append(down)
    links[link['name']] = link
    await asyncio.gather(pour(reader, down, see), pour(up, writer))
    links.pop(link['name'], None)


def listed():
    return [{'name': each['name'], 'client_properties': {'connection_name': each['title']}}
            for each in links.values()]


def answer(method, path):
    name = urllib.parse.unquote(path.removeprefix('/api/connections/'))
    if method == 'GET' and not name:
        return '200 OK', json.dumps(listed())
    if method == 'DELETE' and name in links:
        for end in links.pop(name)['ends']:
            end.transport.abort()
        return '204 No Content', ''
    return '404 Not Found', ''


async def serve(reader, writer):
    request = await reader.readuntil(b'\r\n\r\n')
    status, body = answer(*request.decode().split()[:2])
    length = '' if status.startswith('204') else f'Content-Length: {len(body)}\r\n'
    writer.write(f'HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n{body}'.encode())
    await writer.drain()
    writer.close()


async def main():
    try:
        await asyncio.start_server(serve, '127.0.0.1', HTTP_PORT)
    except OSError:
        return 3
    front = await asyncio.start_server(relay, '127.0.0.1', 0)
    url = 'amqp://guest:guest@127.0.0.1:%d/' % front.sockets[0].getsockname()[1]
    command = await asyncio.create_subprocess_exec(
        *sys.argv[2:], env={**os.environ, 'AMQP_URL': url})
    return await command.wait()


sys.exit(asyncio.run(main()))
