<?php
// SPDX-License-Identifier: Apache-2.0
// The forty scenarios with php-amqplib.  usage: drive.php PORT [NUMBER ...]
declare(strict_types=1);
require __DIR__ . '/../scenarios.php';
require 'PhpAmqpLib/autoload.php';

use PhpAmqpLib\Channel\AMQPChannel;
use PhpAmqpLib\Connection\AMQPStreamConnection;
use PhpAmqpLib\Exception\AMQPBasicCancelException;
use PhpAmqpLib\Exception\AMQPExceptionInterface;
use PhpAmqpLib\Exception\AMQPTimeoutException;
use PhpAmqpLib\Message\AMQPMessage;
use PhpAmqpLib\Wire\AMQPTable;
use PhpAmqpLib\Wire\AMQPAbstractCollection;

function open(string $password = 'guest', string $vhost = '/'): AMQPStreamConnection
{
	return new AMQPStreamConnection('127.0.0.1', PORT, 'guest', $password, $vhost, false,
		'AMQPLAIN', null, 'en_US', 3.0, 10.0, null, false, 4);
}

// Runs the case with a confirm channel of a connection of its own.
function session(callable $run): void
{
	$c = open();
	try {
		$ch = $c->channel();
		$ch->confirm_select();
		$run($ch, $c);
	} finally {
		$c->close();
	}
}

function declared(AMQPChannel $ch, string $q, array $more = []): array
{
	$more += ['passive' => false, 'durable' => false, 'exclusive' => false, 'auto_delete' => false,
		'arguments' => []];
	return $ch->queue_declare($q, $more['passive'], $more['durable'], $more['exclusive'],
		$more['auto_delete'], false, new AMQPTable($more['arguments']));
}

function queue(AMQPChannel $ch, array $arguments = []): string
{
	return declared($ch, '', ['exclusive' => true, 'arguments' => $arguments])[0];
}

function passive(AMQPChannel $ch, string $q): array
{
	return array_slice(declared($ch, $q, ['passive' => true]), 1);
}

function exchange(AMQPChannel $ch, string $kind, array $arguments = []): string
{
	$x = name();
	$ch->exchange_declare($x, $kind, false, false, true, false, false, new AMQPTable($arguments));
	return $x;
}

function send(AMQPChannel $ch, string $x, string $key, string $body, array $properties = []): void
{
	$ch->basic_publish(new AMQPMessage($body, $properties), $x, $key);
	$ch->wait_for_pending_acks(5);
}

function put(AMQPChannel $ch, string $q, string ...$what): void
{
	foreach ($what as $each) {
		$ch->basic_publish(new AMQPMessage($each), '', $q);
	}
	$ch->wait_for_pending_acks(5);
}

function bodies(AMQPChannel $ch, string $q): array
{
	$out = [];
	while ($m = $ch->basic_get($q, true)) {
		$out[] = $m->getBody();
	}
	return $out;
}

function refused(int $code, callable $act): void
{
	try {
		$act();
	} catch (AMQPExceptionInterface $e) {
		same($e->getCode(), $code);
		return;
	}
	throw new Exception("not refused with $code");
}

// Reads what comes until the condition holds, for some seconds at most.
function wait(AMQPChannel $ch, callable $until, float $limit = 30): void
{
	$end = microtime(true) + $limit;
	while (!$until() && ($left = $end - microtime(true)) > 0) {
		try {
			$ch->wait(null, false, $left);
		} catch (AMQPTimeoutException $e) {
			return;
		}
	}
}

// So many come, and no more in a while.
function comes(AMQPChannel $ch, array &$got, int $n): void
{
	wait($ch, function () use (&$got, $n) {
		return count($got) >= $n;
	});
	wait($ch, fn() => false, 0.3);
	same(count($got), $n);
}

function listen(AMQPChannel $ch, string $q, array &$got, bool $no_ack = false,
	bool $exclusive = false): string
{
	return $ch->basic_consume($q, '', false, $no_ack, $exclusive, false,
		function (AMQPMessage $m) use (&$got) {
			$got[] = $m;
		});
}

function is_refused_consumer(AMQPChannel $ch, string $q): void
{
	$got = [];
	refused(403, fn() => listen($ch, $q, $got));
}

function header_values(): AMQPTable
{
	$table = new AMQPTable([
		'text' => 'grün', 'small' => 1, 'negative' => -2, 'large' => 1 << 40, 'yes' => true,
		'no' => false, 'empty' => null, 'table' => ['deep' => ['deeper' => -1]],
		'array' => [1, 'a', ['n' => null]],
		'time' => new DateTime('@1700000000'),
	]);
	$table->set('bytes', "\x00\xff", AMQPAbstractCollection::T_BYTES);
	return $table;
}

$cases = [
	'connect' => function () {
		$c = open();
		$about = $c->getServerProperties();
		same($about['product'][1] !== '' && $about['version'][1] !== '', true);
		same($c->getHeartbeat(), 4);
		$ch = $c->channel();
		same($ch->is_open(), true);
		$ch->close();
		$c->close();
		same($c->isConnected(), false);
	},

	'login-refused' => fn() => refused(403, fn() => open('wrong')),

	'vhost-unknown' => fn() => refused(530, fn() => open('guest', 'nope')),

	'channels' => function () {
		$c = open();
		$chs = [];
		for ($i = 0; $i < 50; $i++) {
			$chs[] = $c->channel();
		}
		foreach ($chs as $ch) {
			queue($ch);
		}
		same(count(array_unique(array_map(fn($ch) => $ch->getChannelId(), $chs))), 50);
		foreach ($chs as $ch) {
			$ch->close();
		}
		$c->close();
	},

	'queue-declare' => fn() => session(function ($ch) {
		[$durable, $short, $got] = [name(), name(), []];
		declared($ch, $durable, ['durable' => true]);
		put($ch, $durable, 'a', 'b');
		same(passive($ch, $durable), [2, 0]);
		$ch->queue_delete($durable);
		same(str_starts_with(queue($ch), 'amq.gen-'), true);
		declared($ch, $short, ['auto_delete' => true]);
		$tag = listen($ch, $short, $got);
		same(passive($ch, $short), [0, 1]);
		$ch->basic_cancel($tag);
		refused(404, fn() => passive($ch, $short));
	}),

	'queue-mismatch' => fn() => session(function ($ch, $c) {
		$q = name();
		declared($ch, $q, ['durable' => true]);
		refused(406, fn() => declared($ch, $q));
		$c->channel()->queue_delete($q);
	}),

	'queue-purge-delete' => fn() => session(function ($ch, $c) {
		[$q, $got] = [name(), []];
		declared($ch, $q);
		put($ch, $q, 'a', 'b', 'c');
		same($ch->queue_purge($q), 3);
		put($ch, $q, 'd', 'e');
		refused(406, fn() => $c->channel()->queue_delete($q, false, true));
		$user = $c->channel();
		$user->basic_qos(0, 1, false);
		listen($user, $q, $got);
		refused(406, fn() => $c->channel()->queue_delete($q, true, false));
		$user->close();
		same($ch->queue_delete($q), 2);
	}),

	'exchange-declare' => fn() => session(function ($ch) {
		foreach (['direct', 'fanout', 'topic', 'headers'] as $kind) {
			$x = name();
			$ch->exchange_declare($x, $kind, false, true, false);
			$ch->exchange_declare($x, $kind, false, true, false);
			$ch->exchange_delete($x);
		}
		$ch->exchange_declare('amq.topic', 'topic', true);
		refused(404, fn() => $ch->exchange_declare($x, 'topic', true));
	}),

	'exchange-mismatch' => fn() => session(function ($ch) {
		$x = exchange($ch, 'direct');
		refused(406, fn() => $ch->exchange_declare($x, 'fanout', false, false, true));
	}),

	'direct' => fn() => session(function ($ch) {
		$qs = [queue($ch), queue($ch)];
		foreach ($qs as $q) {
			$ch->queue_bind($q, 'amq.direct', $q);
		}
		foreach ([...$qs, name()] as $key) {
			send($ch, 'amq.direct', $key, $key);
		}
		same([bodies($ch, $qs[0]), bodies($ch, $qs[1])], [[$qs[0]], [$qs[1]]]);
	}),

	'fanout' => fn() => session(function ($ch) {
		$x = exchange($ch, 'fanout');
		$qs = [queue($ch), queue($ch), queue($ch)];
		foreach ($qs as $q) {
			$ch->queue_bind($q, $x);
		}
		foreach (numbers(5) as $i) {
			send($ch, $x, $i, $i);
		}
		foreach ($qs as $q) {
			same(bodies($ch, $q), numbers(5));
		}
	}),

	'topic' => fn() => session(function ($ch) {
		$q = queue($ch);
		foreach (['a.*.c', '#.z', 'k.#'] as $key) {
			$ch->queue_bind($q, 'amq.topic', $key);
		}
		foreach (['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''] as $key) {
			send($ch, 'amq.topic', $key, $key);
		}
		same(bodies($ch, $q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m']);
	}),

	'headers' => fn() => session(function ($ch) {
		[$both, $either] = [queue($ch), queue($ch)];
		$wanted = ['kind' => 'report', 'size' => 7];
		foreach ([[$both, 'all'], [$either, 'any']] as [$q, $match]) {
			$ch->queue_bind($q, 'amq.headers', '', false,
				new AMQPTable($wanted + ['x-match' => $match]));
		}
		$sent = [['2', $wanted], ['1', ['kind' => 'report']], ['0', ['size' => 8]], ['n', []]];
		foreach ($sent as [$body, $h]) {
			send($ch, 'amq.headers', '', $body, ['application_headers' => new AMQPTable($h)]);
		}
		same([bodies($ch, $both), bodies($ch, $either)], [['2'], ['2', '1']]);
	}),

	'exchange-bind' => fn() => session(function ($ch) {
		[$outer, $inner, $q] = [exchange($ch, 'topic'), exchange($ch, 'fanout'), queue($ch)];
		$ch->exchange_bind($inner, $outer, 'in.#');
		$ch->queue_bind($q, $inner);
		send($ch, $outer, 'in.a', 'in.a');
		send($ch, $outer, 'out', 'out');
		same(bodies($ch, $q), ['in.a']);
		$ch->exchange_unbind($inner, $outer, 'in.#');
	}),

	'alternate' => fn() => session(function ($ch) {
		[$spill, $lost] = [exchange($ch, 'fanout'), queue($ch)];
		$ch->queue_bind($lost, $spill);
		$x = exchange($ch, 'direct', ['alternate-exchange' => $spill]);
		send($ch, $x, 'nowhere', 'spilt');
		same(bodies($ch, $lost), ['spilt']);
		$ch->exchange_delete($x);
	}),

	'unbind' => fn() => session(function ($ch) {
		$q = queue($ch);
		$ch->queue_bind($q, 'amq.direct', $q);
		send($ch, 'amq.direct', $q, 'before');
		$ch->queue_unbind($q, 'amq.direct', $q);
		send($ch, 'amq.direct', $q, 'after');
		same(bodies($ch, $q), ['before']);
	}),

	'default-exchange' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'x');
		$m = $ch->basic_get($q, true);
		same([$m->getExchange(), $m->getRoutingKey(), $m->getBody()], ['', $q, 'x']);
	}),

	'properties' => fn() => session(function ($ch) {
		$q = queue($ch);
		$sent = ['content_type' => 'text/plain', 'content_encoding' => 'utf-8',
			'delivery_mode' => 2, 'priority' => 3, 'correlation_id' => 'c', 'reply_to' => 'r',
			'expiration' => '60000', 'message_id' => 'm', 'timestamp' => 1700000000, 'type' => 't',
			'user_id' => 'guest', 'app_id' => 'a', 'cluster_id' => 'l'];
		send($ch, '', $q, 'x', $sent + ['application_headers' => new AMQPTable(['a' => 'b'])]);
		$got = $ch->basic_get($q, true)->get_properties();
		same($got['application_headers']->getNativeData(), ['a' => 'b']);
		foreach ($sent as $key => $value) {
			same($key . ' ' . $got[$key], "$key $value");
		}
	}),

	'header-types' => new Part('sends floats only as text', fn() => session(function ($ch) {
		$q = queue($ch);
		$sent = header_values();
		send($ch, '', $q, 'x', ['application_headers' => $sent]);
		$got = $ch->basic_get($q, true)->get('application_headers')->getNativeData();
		$wanted = $sent->getNativeData();
		$got['time'] = $got['time']->getTimestamp();
		$wanted['time'] = $wanted['time']->getTimestamp();
		ksort($got);
		ksort($wanted);
		same(serialize($got), serialize($wanted));
	})),

	'bodies' => fn() => session(function ($ch) {
		$q = queue($ch);
		foreach (SIZES as $n) {
			send($ch, '', $q, pattern($n));
			if ($ch->basic_get($q, true)->getBody() !== pattern($n)) {
				throw new Exception("$n bytes differ");
			}
		}
	}),

	'confirm' => fn() => session(function ($ch) {
		[$q, $seen] = [queue($ch), []];
		$ch->set_ack_handler(function ($m) use (&$seen) {
			$seen[] = $m->getBody();
		});
		foreach (numbers(1000) as $i) {
			$ch->basic_publish(new AMQPMessage($i, ['delivery_mode' => 2]), '', $q);
		}
		$ch->wait_for_pending_acks(5);
		same([count($seen), count(array_unique($seen)), passive($ch, $q)[0]], [1000, 1000, 1000]);
	}),

	'confirm-mixed' => fn() => session(function ($ch) {
		[$q, $seen] = [queue($ch), 0];
		$ch->set_ack_handler(function () use (&$seen) {
			$seen++;
		});
		for ($i = 0; $i < 1000; $i++) {
			$ch->basic_publish(new AMQPMessage('x', ['delivery_mode' => 1 + $i % 2]), '',
				$i % 10 ? $q : name());
		}
		$ch->wait_for_pending_acks(5);
		same([$seen, passive($ch, $q)[0]], [1000, 900]);
	}),

	'mandatory' => fn() => session(function ($ch) {
		[$q, $order] = [queue($ch), []];
		$ch->set_return_listener(function ($code, $text, $x, $key, $m) use (&$order) {
			$order[] = [$code, $m->getBody()];
		});
		$ch->set_ack_handler(function () use (&$order) {
			$order[] = 'ok';
		});
		foreach ([name(), $q] as $key) {
			$ch->basic_publish(new AMQPMessage('nobody'), '', $key, true);
			$ch->wait_for_pending_acks_returns(5);
		}
		same($order, [[312, 'nobody'], 'ok', 'ok']);
	}),

	'exchange-missing' => fn() => session(function ($ch, $c) {
		$other = $c->channel();
		refused(404, fn() => send($ch, name(), '', 'x'));
		$q = queue($other);
		put($other, $q, 'on');
		same(passive($other, $q), [1, 0]);
	}),

	'get' => fn() => session(function ($ch) {
		$q = queue($ch);
		same($ch->basic_get($q), null);
		put($ch, $q, 'a', 'b', 'c');
		$m = $ch->basic_get($q);
		same([$m->getBody(), $m->getMessageCount()], ['a', 2]);
		$m->ack();
	}),

	'consume' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(1000));
		$ch->basic_qos(0, 50, false);
		$ch->basic_consume($q, '', false, false, false, false, function ($m) use (&$got) {
			$got[] = $m->getBody();
			$m->ack();
		});
		wait($ch, function () use (&$got) {
			return count($got) >= 1000;
		});
		same($got, numbers(1000));
		same(passive($ch, $q)[0], 0);
	}),

	'no-ack' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(1000));
		listen($ch, $q, $got, true);
		wait($ch, function () use (&$got) {
			return count($got) >= 1000;
		});
		same(array_map(fn($m) => $m->getBody(), $got), numbers(1000));
		same(passive($ch, $q)[0], 0);
	}),

	'prefetch' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(30));
		$ch->basic_qos(0, 10, false);
		listen($ch, $q, $got);
		comes($ch, $got, 10);
		$got[4]->ack(true);
		comes($ch, $got, 15);
	}),

	'prefetch-global' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(30));
		$ch->basic_qos(0, 10, true);
		listen($ch, $q, $got);
		listen($ch, $q, $got);
		comes($ch, $got, 10);
		$got[9]->ack(true);
		comes($ch, $got, 20);
	}),

	'nack-requeue' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$first = $ch->basic_get($q);
		$first->nack(true);
		$again = $ch->basic_get($q);
		same([$again->getBody(), $first->isRedelivered(), $again->isRedelivered()],
			['a', false, true]);
	}),

	'reject' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$ch->basic_get($q)->reject(false);
		same(bodies($ch, $q), ['b']);
	}),

	'ack-multiple' => fn() => session(function ($ch, $c) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b', 'c', 'd');
		$other = $c->channel();
		for ($i = 0; $i < 4; $i++) {
			$got[] = $other->basic_get($q);
		}
		$got[2]->ack(true);
		$other->close();   // the fourth comes back
		same(bodies($ch, $q), ['d']);
	}),

	'recover' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$ch->basic_get($q);
		$ch->basic_get($q);
		$ch->basic_recover(true);
		foreach (['a', 'b'] as $body) {
			$m = $ch->basic_get($q);
			same([$m->getBody(), $m->isRedelivered()], [$body, true]);
		}
	}),

	'ack-unknown' => fn() => session(function ($ch) {
		$ch->basic_ack(99);
		refused(406, fn() => queue($ch));
	}),

	'cancel' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, 'a');
		$tag = listen($ch, $q, $got);
		wait($ch, function () use (&$got) {
			return (bool)$got;
		});
		$ch->basic_cancel($tag);
		put($ch, $q, 'b');
		comes($ch, $got, 1);
		$got[0]->ack();
		same(bodies($ch, $q), ['b']);
	}),

	'cancel-notify' => fn() => session(function ($ch, $c) {
		[$q, $got] = [queue($ch), []];
		$tag = listen($ch, $q, $got);
		$c->channel()->queue_delete($q);
		try {
			wait($ch, fn() => false);
		} catch (AMQPBasicCancelException $e) {
			same($e->consumerTag, $tag);
			return;
		}
		throw new Exception('not told');
	}),

	'exclusive' => fn() => session(function ($ch, $c) {
		[$q, $got] = [queue($ch), []];
		listen($ch, $q, $got, false, true);
		is_refused_consumer($c->channel(), $q);
		session(fn($other) => refused(405, fn() => passive($other, $q)));
	}),

	'tx' => fn() => session(function ($ch, $c) {
		[$q, $t] = [queue($ch), $c->channel()];
		$t->tx_select();
		$t->basic_publish(new AMQPMessage('no'), '', $q);
		$t->tx_rollback();
		$t->basic_publish(new AMQPMessage('yes'), '', $q);
		same(bodies($ch, $q), []);
		$t->tx_commit();
		$m = $t->basic_get($q);
		$t->basic_ack($m->getDeliveryTag());
		$t->tx_rollback();
		$t->basic_ack($m->getDeliveryTag());
		$t->tx_commit();
		$t->close();
		same(bodies($ch, $q), []);
	}),

	'dead-letter' => fn() => session(function ($ch) {
		[$dead, $got] = [queue($ch), []];
		$q = queue($ch, ['x-message-ttl' => 50, 'x-dead-letter-exchange' => '',
			'x-dead-letter-routing-key' => $dead]);
		put($ch, $q, 'late');
		listen($ch, $dead, $got);
		wait($ch, function () use (&$got) {
			return (bool)$got;
		});
		$death = $got[0]->get('application_headers')->getNativeData()['x-death'][0];
		same([$got[0]->getBody(), $death['queue'], $death['reason'], $death['count']],
			['late', $q, 'expired', 1]);
	}),

	'restart' => new Part('connects again when it is told to, not by itself', function () {
		[$c, $x, $q] = [open(), name(), name()];
		$ch = $c->channel();
		$ch->confirm_select();
		$ch->exchange_declare($x, 'topic', false, true, false);
		declared($ch, $q, ['durable' => true]);
		$ch->queue_bind($q, $x, 'a.#');
		foreach (numbers(100) as $i) {
			$ch->basic_publish(new AMQPMessage($i, ['delivery_mode' => 2]), $x, 'a.b');
		}
		$ch->wait_for_pending_acks(5);
		broker('crash');
		try {
			queue($ch);
			throw new Exception('the crash was not noticed');
		} catch (AMQPExceptionInterface $e) {
			broker('start');
		}
		$c->reconnect();
		$ch = $c->channel();
		$ch->confirm_select();
		send($ch, $x, 'a.c', '100', ['delivery_mode' => 2]);
		same(bodies($ch, $q), numbers(101));
		$ch->queue_delete($q);
		$ch->exchange_delete($x);
		$c->close();
	}),
];

main($cases);
