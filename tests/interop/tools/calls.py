#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The requests of KEDA's scaler and Telegraf's input, as these write them, and what they read out
of the answers, in the types they read it as."""
import sys
import urllib.parse

import api


def escaped(text):
    """As Go's url.QueryEscape writes it, which KEDA does in paths too."""
    return urllib.parse.quote_plus(text)


def is_number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def is_int(v):
    return isinstance(v, int) and not isinstance(v, bool)


def keda_reads(q):
    """messages + rates; absent ones are nought to it."""
    stats = q.get('message_stats', {})
    rates = [stats.get(k, {}).get('rate', 0.) for k in ('publish_details', 'deliver_get_details')]
    return (isinstance(q['name'], str) and all(is_number(r) for r in rates) and
            all(is_int(q[k]) for k in ('messages', 'messages_ready', 'messages_unacknowledged')))


def keda():
    status, q = api.ask('GET', f'queues/%2F/{escaped(api.QUEUE)}')
    api.check('KEDA: one queue, a plus sign for a blank', status == 200 and
              q['name'] == api.QUEUE, (status, q))
    api.check('KEDA: its numbers', keda_reads(q) and q['messages'] == 5 and
              q['messages_unacknowledged'] == 2, q)
    status, q = api.ask('GET', 'queues/%2F/quiet')
    api.check('KEDA: a queue that nothing happened to', status == 200 and keda_reads(q), q)
    status, said = api.ask('GET', 'queues/%2F/none')
    api.check('KEDA: a queue that is not there', status == 404, (status, said))
    status, page = api.ask('GET', 'queues/%2F?page=1&use_regex=true&pagination=false&'
                           f'name={escaped("^(orders|quiet)")}&page_size=100')
    api.check('KEDA: queues by a pattern', status == 200 and page['page_count'] == 1 and
              sorted(q['name'] for q in page['items']) == sorted([api.QUEUE, 'quiet']) and
              all(keda_reads(q) for q in page['items']), page)
    status, page = api.ask('GET', 'queues/shop?page=1&use_regex=true&pagination=false&'
                           'name=.%2A&page_size=100')
    api.check('KEDA: none of them', status == 200 and page['items'] == [], page)


NUMBERS = {
    'overview': [],
    'queues': ['messages', 'messages_ready', 'messages_unacknowledged', 'message_bytes',
               'message_bytes_ready', 'message_bytes_unacknowledged', 'message_bytes_ram',
               'message_bytes_persistent', 'memory', 'consumers'],
    'nodes': ['disk_free', 'disk_free_limit', 'fd_total', 'fd_used', 'mem_limit', 'mem_used',
              'proc_total', 'proc_used', 'run_queue', 'sockets_total', 'sockets_used', 'uptime'],
    'exchanges': [],
}
TEXTS = {'overview': [], 'queues': ['name', 'node', 'vhost', 'type'], 'nodes': ['name'],
         'exchanges': ['name', 'type', 'vhost']}
FLAGS = {'overview': [], 'queues': ['durable', 'auto_delete'],
         'nodes': ['disk_free_alarm', 'mem_alarm', 'running'],
         'exchanges': ['internal', 'durable', 'auto_delete']}


def stats_fit(stats):
    """Go's decoder refuses an int64 with a fraction, and a rate that is no number."""
    return all(is_number(v['rate']) if k.endswith('_details') else is_int(v)
               for k, v in stats.items())


def telegraf():
    status, o = api.ask('GET', 'overview')
    api.check('Telegraf: overview', status == 200 and
              all(isinstance(o.get(k), dict) for k in
                  ('message_stats', 'object_totals', 'queue_totals')) and
              stats_fit(o['message_stats']) and
              all(is_int(v) for v in o['object_totals'].values()) and
              'amqp' in [i['protocol'] for i in o['listeners']], o)
    for path in ('queues', 'nodes', 'exchanges'):
        status, rows = api.ask('GET', path)
        for kind, fits, must in ((NUMBERS, is_int, False), (TEXTS, lambda v: isinstance(v, str),
                                                            True),
                                 (FLAGS, lambda v: isinstance(v, bool), True)):
            bad = [(k, r.get(k)) for r in rows for k in kind[path]
                   if not (fits(r[k]) if k in r else not must)]
            api.check(f'Telegraf: {path}, {len(kind[path])} fields', status == 200 and not bad, bad)
        api.check(f'Telegraf: {path}, message_stats',
                  all(stats_fit(r.get('message_stats', {})) for r in rows), rows)
    status, m = api.ask('GET', f'nodes/{api.NODE}/memory')
    api.check('Telegraf: memory of the node', status == 200 and
              all(is_int(m['memory']['total'][k]) for k in ('rss', 'allocated', 'erlang')) and
              m['memory']['total']['rss'] > 0 and m['memory']['code'] > 0, m)
    status, links = api.ask('GET', 'federation-links')
    api.check('Telegraf: links of federations', status == 200 and links == [], links)


scene = api.Scene()
keda()
telegraf()
scene.end()
sys.exit(api.failed != 0)
