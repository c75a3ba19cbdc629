#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""rabbitmqadmin 2, as it comes: it takes apart all it is answered, so each list is a test of the
fields.

usage: rabbitmqadmin2.py PROGRAM
"""
import os
import subprocess
import sys

import api

PATH = os.path.join(os.environ['INTEROP_DIR'], 'definitions.json')


def run(*words):
    r = subprocess.run([sys.argv[1], '--host', api.HOST, '--port', str(api.WEB),
                        '--username', 'guest', '--password', 'guest', *words],
                       capture_output=True, text=True, timeout=20)
    return r.returncode, r.stdout, r.stderr


def says(text, line):
    code, out, err = run(*line.split(' '))
    api.check(line, code == 0 and text in out, (code, out, err))


def refuses(text, line):
    code, out, err = run(*line.split(' '))
    api.check('refused: ' + line, code != 0 and text in out + err, (code, out, err))


def lists():
    for text, line in [
            ('Leveret', 'show overview'), ('onnection', 'show churn'),
            ('RSS', f'show memory_breakdown_in_bytes --node {api.NODE}'),
            ('total', f'show memory_breakdown_in_percent --node {api.NODE}'),
            (api.NODE, 'list nodes'), ('shop', 'list vhosts'), ('clerk', 'list users'),
            ('quiet', 'list queues'), ('amq.topic', 'list exchanges'), ('a.#', 'list bindings'),
            ('guest', 'list connections'), ('(1)', 'list channels'), ('ctag', 'list consumers'),
            ('clerk', 'list permissions'), ('max-length', 'list policies'),
            ('least', 'list operator_policies'), ('', '--vhost shop list parameters --component x'),
            ('mark', 'global_parameters list'), ('max-queues', '--vhost shop list vhost_limits'),
            ('max-channels', 'list user_limits'), ('quorum_queue', 'list feature_flags'),
            ('', 'list deprecated_features'), ('', 'list deprecated_features_in_use'),
            ('guest', 'list user_connections --username guest'), ('', 'streams list'),
            ('http', f'auth_attempts stats --node {api.NODE}'), ('', 'plugins list_all'),
            ('', 'federation list_all_links'), ('', 'shovels list_all')]:
        says(text, line)


def checks():
    for check in ('local_alarms', 'cluster_wide_alarms', 'node_is_quorum_critical',
                  f'port_listener --port {api.AMQP}', 'protocol_listener --protocol amqp'):
        says('', f'health_check {check}')
    refuses('', 'health_check port_listener --port 1')
    says('', 'feature_flags enable_all')
    says('', 'rebalance queues')


def changes():
    for line in [
            'declare vhost --name v2', 'declare user --name u2 --password pw --tags management',
            '--vhost v2 declare permissions --user u2 --configure .* --write .* --read .*',
            'declare exchange --name x2 --type topic', 'declare queue --name q2 --type quorum',
            'declare queue --name c2 --type classic --durable false',
            'declare stream --name s2 --expiration 1D',
            'declare binding --source x2 --destination-type queue --destination q2 '
            '--routing-key a.#',
            'declare policy --name p2 --pattern ^q2 --apply-to queues --priority 1 '
            '--definition {"max-length":10}',
            '--vhost v2 declare vhost_limit --name max-queues --value 9',
            'publish message --exchange x2 --routing-key a.b --payload hello']:
        says('', line)
    says('hello', 'get messages --queue q2 --ack-mode ack_requeue_false')
    says('', 'purge queue --name q2')
    says('', f'definitions export --file {PATH}')
    for line in [
            'delete binding --source x2 --destination-type queue --destination q2 '
            '--routing-key a.# --arguments {}',
            'delete policy --name p2', 'delete queue --name q2', 'delete queue --name c2',
            'delete queue --name s2', 'delete exchange --name x2',
            '--vhost v2 delete vhost_limit --name max-queues',
            '--vhost v2 delete permissions --user u2', 'delete user --name u2',
            'delete vhost --name v2', f'definitions import --file {PATH}']:
        says('', line)
    says('q2', 'list queues')
    refuses('', 'delete queue --name none')
    refuses('', '--vhost none declare queue --name q')


def main():
    scene = api.Scene()
    lists()
    checks()
    changes()
    scene.end()
    return api.failed != 0


sys.exit(main())
