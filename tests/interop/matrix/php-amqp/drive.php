<?php
// SPDX-License-Identifier: Apache-2.0
// The forty scenarios with the amqp extension of PHP.  usage: drive.php PORT [NUMBER ...]
declare(strict_types=1);
require __DIR__ . '/../scenarios.php';

function open(array $more = []): AMQPConnection
{
	$c = new AMQPConnection($more + ['host' => '127.0.0.1', 'port' => PORT, 'login' => 'guest',
		'password' => 'guest', 'vhost' => '/', 'heartbeat' => 30, 'read_timeout' => 30,
		'rpc_timeout' => 30]);
	$c->connect();
	return $c;
}

// Runs the case with a channel of a connection of its own.
function session(callable $run): void
{
	$c = open();
	try {
		$run(new AMQPChannel($c), $c);
	} finally {
		$c->disconnect();
	}
}

// Runs the part of the case that the extension can do.
function partly(string $why, Closure $run): Part
{
	return new Part($why, fn() => session($run));
}

// A queue is not exclusive unless it is asked for: the extension makes the consumers of an
// exclusive queue exclusive too.
function queue(AMQPChannel $ch, string $name = '', int $flags = AMQP_AUTODELETE,
	array $arguments = []): AMQPQueue
{
	$q = new AMQPQueue($ch);
	if ($name !== '') {
		$q->setName($name);
	}
	$q->setFlags($flags);
	$q->setArguments($arguments);
	$q->declareQueue();
	return $q;
}

function count_of(AMQPChannel $ch, string $name): int
{
	$q = new AMQPQueue($ch);
	$q->setName($name);
	$q->setFlags(AMQP_PASSIVE);
	return $q->declareQueue();
}

function exchange(AMQPChannel $ch, string $kind, string $name = '',
	int $flags = AMQP_AUTODELETE, array $arguments = []): AMQPExchange
{
	$x = new AMQPExchange($ch);
	$x->setName($name === '' ? name() : $name);
	$x->setType($kind);
	$x->setFlags($flags);
	$x->setArguments($arguments);
	$x->declareExchange();
	return $x;
}

// An exchange that is there.
function existing(AMQPChannel $ch, string $name): AMQPExchange
{
	$x = new AMQPExchange($ch);
	$x->setName($name);
	return $x;
}

function put(AMQPChannel $ch, AMQPQueue $q, string ...$what): void
{
	$x = new AMQPExchange($ch);
	foreach ($what as $each) {
		$x->publish($each, $q->getName());
	}
}

function bodies(AMQPQueue $q): array
{
	$out = [];
	while ($m = $q->get(AMQP_AUTOACK)) {
		$out[] = $m->getBody();
	}
	return $out;
}

function refused(int $code, callable $act): void
{
	try {
		$act();
	} catch (AMQPException $e) {
		same($e->getCode(), $code);
		return;
	}
	throw new Exception("not refused with $code");
}

// Takes what the channel's consumers get: so many messages, or what comes in a while.
function take(AMQPQueue $q, array &$got, int $n, int $flags = AMQP_JUST_CONSUME): void
{
	try {
		$q->consume(function (AMQPEnvelope $m) use (&$got, $n) {
			$got[] = $m;
			return count($got) < $n;
		}, $flags);
	} catch (AMQPQueueException $e) {
		if (!str_contains($e->getMessage(), 'timeout')) {
			throw $e;
		}
	}
}

// So many come, and no more in a while.
function comes(AMQPConnection $c, AMQPQueue $q, array &$got, int $n,
	int $flags = AMQP_JUST_CONSUME): void
{
	$c->setReadTimeout(30);
	take($q, $got, $n, $flags);
	$c->setReadTimeout(0.3);
	take($q, $got, 99);
	same(count($got), $n);
}

function texts(array $envelopes): array
{
	return array_map(fn($m) => $m->getBody(), $envelopes);
}

// Waits until so many messages have been confirmed, and returns the tags of the confirms, those of
// a multiple one each for itself.
function confirms(AMQPChannel $ch, int $n, callable $publish): array
{
	$seen = [];
	$ch->confirmSelect();
	$ch->setConfirmCallback(function (int $tag, bool $multiple) use (&$seen, $n) {
		$from = $multiple && $seen ? max($seen) + 1 : ($multiple ? 1 : $tag);
		array_push($seen, ...range($from, $tag));
		return count($seen) < $n;
	}, function () {
		throw new Exception('nacked');
	});
	$publish();
	$ch->waitForConfirm(5);
	sort($seen);
	return $seen;
}

$cases = [
	'connect' => new Part('does not show the properties of the server', function () {
		$c = open();
		same([$c->isConnected(), $c->getHeartbeatInterval()], [true, 30]);
		$ch = new AMQPChannel($c);
		same($ch->isConnected(), true);
		$ch->close();
		$c->disconnect();
		same($c->isConnected(), false);
	}),

	'login-refused' => fn() => refused(403, fn() => open(['password' => 'wrong'])),

	'vhost-unknown' => fn() => refused(530, fn() => open(['vhost' => 'nope'])),

	'channels' => function () {
		$c = open();
		$chs = [];
		for ($i = 0; $i < 50; $i++) {
			$chs[] = new AMQPChannel($c);
		}
		foreach ($chs as $ch) {
			queue($ch, '', AMQP_EXCLUSIVE);
		}
		same(count(array_unique(array_map(fn($ch) => $ch->getChannelId(), $chs))), 50);
		foreach ($chs as $ch) {
			$ch->close();
		}
		$c->disconnect();
	},

	'queue-declare' => partly('is told no count of consumers', function ($ch, $c) {
		$durable = queue($ch, name(), AMQP_DURABLE);
		put($ch, $durable, 'a', 'b');
		same(count_of($ch, $durable->getName()), 2);
		$durable->delete();
		same(str_starts_with(queue($ch, '', AMQP_EXCLUSIVE)->getName(), 'amq.gen-'), true);
		$short = queue($ch);
		$short->consume(null, AMQP_NOPARAM, 'tag');
		$short->cancel('tag');
		refused(404, fn() => count_of($ch, $short->getName()));
	}),

	'queue-mismatch' => fn() => session(function ($ch, $c) {
		$q = queue($ch, name(), AMQP_DURABLE);
		refused(406, fn() => queue($ch, $q->getName(), AMQP_NOPARAM));
		$again = new AMQPQueue(new AMQPChannel($c));
		$again->setName($q->getName());
		$again->delete();
	}),

	'queue-purge-delete' => partly('shows no count of a purge', function ($ch, $c) {
		$q = queue($ch, name(), AMQP_NOPARAM);
		put($ch, $q, 'a', 'b', 'c');
		same([count_of($ch, $q->getName()), $q->purge(), count_of($ch, $q->getName())],
			[3, true, 0]);
		put($ch, $q, 'd', 'e');
		$by = function (AMQPQueue $q, int $flags) use ($c) {
			$other = new AMQPQueue(new AMQPChannel($c));
			$other->setName($q->getName());
			return $other->delete($flags);
		};
		refused(406, fn() => $by($q, AMQP_IFEMPTY));
		$used = queue($ch);
		$used->consume(null, AMQP_NOPARAM, 'tag');
		refused(406, fn() => $by($used, AMQP_IFUNUSED));
		same($q->delete(), 2);
	}),

	'exchange-declare' => fn() => session(function ($ch) {
		foreach (['direct', 'fanout', 'topic', 'headers'] as $kind) {
			$x = exchange($ch, $kind, '', AMQP_DURABLE);
			exchange($ch, $kind, $x->getName(), AMQP_DURABLE);
			$x->delete();
		}
		exchange($ch, 'topic', 'amq.topic', AMQP_PASSIVE);
		refused(404, fn() => exchange($ch, 'topic', $x->getName(), AMQP_PASSIVE));
	}),

	'exchange-mismatch' => fn() => session(function ($ch) {
		$x = exchange($ch, 'direct');
		refused(406, fn() => exchange($ch, 'fanout', $x->getName()));
	}),

	'direct' => fn() => session(function ($ch) {
		$qs = [queue($ch), queue($ch)];
		foreach ($qs as $q) {
			$q->bind('amq.direct', $q->getName());
		}
		$names = array_map(fn($q) => $q->getName(), $qs);
		foreach ([...$names, name()] as $key) {
			existing($ch, 'amq.direct')->publish($key, $key);
		}
		same([bodies($qs[0]), bodies($qs[1])], [[$names[0]], [$names[1]]]);
	}),

	'fanout' => fn() => session(function ($ch) {
		$x = exchange($ch, 'fanout');
		$qs = [queue($ch), queue($ch), queue($ch)];
		foreach ($qs as $q) {
			$q->bind($x->getName());
		}
		foreach (numbers(5) as $i) {
			$x->publish($i, $i);
		}
		foreach ($qs as $q) {
			same(bodies($q), numbers(5));
		}
	}),

	'topic' => fn() => session(function ($ch) {
		$q = queue($ch);
		foreach (['a.*.c', '#.z', 'k.#'] as $key) {
			$q->bind('amq.topic', $key);
		}
		foreach (['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''] as $key) {
			existing($ch, 'amq.topic')->publish($key, $key);
		}
		same(bodies($q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m']);
	}),

	'headers' => fn() => session(function ($ch) {
		[$both, $either] = [queue($ch), queue($ch)];
		$wanted = ['kind' => 'report', 'size' => 7];
		$both->bind('amq.headers', '', $wanted + ['x-match' => 'all']);
		$either->bind('amq.headers', '', $wanted + ['x-match' => 'any']);
		$sent = [['2', $wanted], ['1', ['kind' => 'report']], ['0', ['size' => 8]], ['n', []]];
		foreach ($sent as [$body, $h]) {
			existing($ch, 'amq.headers')->publish($body, '', AMQP_NOPARAM, ['headers' => $h]);
		}
		same([bodies($both), bodies($either)], [['2'], ['2', '1']]);
	}),

	'exchange-bind' => fn() => session(function ($ch) {
		[$outer, $inner, $q] = [exchange($ch, 'topic'), exchange($ch, 'fanout'), queue($ch)];
		$inner->bind($outer->getName(), 'in.#');
		$q->bind($inner->getName());
		$outer->publish('in.a', 'in.a');
		$outer->publish('out', 'out');
		same(bodies($q), ['in.a']);
		$inner->unbind($outer->getName(), 'in.#');
	}),

	'alternate' => fn() => session(function ($ch) {
		[$spill, $lost] = [exchange($ch, 'fanout'), queue($ch)];
		$lost->bind($spill->getName());
		$x = exchange($ch, 'direct', '', AMQP_NOPARAM,
			['alternate-exchange' => $spill->getName()]);
		$x->publish('spilt', 'nowhere');
		same(bodies($lost), ['spilt']);
		$x->delete();
	}),

	'unbind' => fn() => session(function ($ch) {
		$q = queue($ch);
		$x = existing($ch, 'amq.direct');
		$q->bind('amq.direct', $q->getName());
		$x->publish('before', $q->getName());
		$q->unbind('amq.direct', $q->getName());
		$x->publish('after', $q->getName());
		same(bodies($q), ['before']);
	}),

	'default-exchange' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'x');
		$m = $q->get(AMQP_AUTOACK);
		same([$m->getExchangeName(), $m->getRoutingKey(), $m->getBody()],
			['', $q->getName(), 'x']);
	}),

	'properties' => fn() => session(function ($ch) {
		$q = queue($ch);
		$sent = ['content_type' => 'text/plain', 'content_encoding' => 'utf-8',
			'delivery_mode' => 2, 'priority' => 3, 'correlation_id' => 'c', 'reply_to' => 'r',
			'expiration' => '60000', 'message_id' => 'm', 'timestamp' => 1700000000, 'type' => 't',
			'user_id' => 'guest', 'app_id' => 'a', 'headers' => ['a' => 'b']];
		(new AMQPExchange($ch))->publish('x', $q->getName(), AMQP_NOPARAM, $sent);
		$m = $q->get(AMQP_AUTOACK);
		$got = ['content_type' => $m->getContentType(),
			'content_encoding' => $m->getContentEncoding(),
			'delivery_mode' => $m->getDeliveryMode(), 'priority' => $m->getPriority(),
			'correlation_id' => $m->getCorrelationId(), 'reply_to' => $m->getReplyTo(),
			'expiration' => $m->getExpiration(), 'message_id' => $m->getMessageId(),
			'timestamp' => (int)(string)$m->getTimestamp(), 'type' => $m->getType(),
			'user_id' => $m->getUserId(), 'app_id' => $m->getAppId(),
			'headers' => $m->getHeaders()];
		same($got, $sent);
	}),

	// A string is what the extension has for bytes.
	'header-types' => partly('drops integers of an array that it reads', function ($ch) {
		$q = queue($ch);
		$sent = ['text' => 'grün', 'small' => 1, 'negative' => -2, 'large' => 1 << 40,
			'float' => 0.5, 'yes' => true, 'no' => false, 'bytes' => "\x00\xff", 'empty' => null,
			'table' => ['deep' => ['deeper' => -1]], 'array' => ['1', 'a', ['n' => null]],
			'time' => new AMQPTimestamp(1700000000)];
		(new AMQPExchange($ch))->publish('x', $q->getName(), AMQP_NOPARAM, ['headers' => $sent]);
		$got = $q->get(AMQP_AUTOACK)->getHeaders();
		same(serialize($got), serialize($sent));
	}),

	// The extension has false for an empty body.
	'bodies' => fn() => session(function ($ch) {
		$q = queue($ch);
		foreach (SIZES as $n) {
			put($ch, $q, pattern($n));
			if ((string)$q->get(AMQP_AUTOACK)->getBody() !== pattern($n)) {
				throw new Exception("$n bytes differ");
			}
		}
	}),

	'confirm' => fn() => session(function ($ch) {
		$q = queue($ch);
		$seen = confirms($ch, 1000, function () use ($ch, $q) {
			foreach (numbers(1000) as $i) {
				(new AMQPExchange($ch))->publish($i, $q->getName(), AMQP_NOPARAM,
					['delivery_mode' => 2]);
			}
		});
		same($seen, range(1, 1000));
		same(count_of($ch, $q->getName()), 1000);
	}),

	'confirm-mixed' => fn() => session(function ($ch) {
		$q = queue($ch);
		$seen = confirms($ch, 1000, function () use ($ch, $q) {
			for ($i = 0; $i < 1000; $i++) {
				(new AMQPExchange($ch))->publish('x', $i % 10 ? $q->getName() : name(),
					AMQP_NOPARAM, ['delivery_mode' => 1 + $i % 2]);
			}
		});
		same($seen, range(1, 1000));
		same(count_of($ch, $q->getName()), 900);
	}),

	'mandatory' => fn() => session(function ($ch) {
		[$q, $order, $x] = [queue($ch), [], new AMQPExchange($ch)];
		$ch->setReturnCallback(function ($code, $text, $to, $key, $props, $body) use (&$order) {
			$order[] = [$code, $body];
		});
		$ch->confirmSelect();
		$ch->setConfirmCallback(function () use (&$order) {
			$order[] = 'ok';
			return false;
		}, fn() => false);
		$x->publish('nobody', name(), AMQP_MANDATORY);
		$ch->waitForConfirm(5);
		$x->publish('x', $q->getName(), AMQP_MANDATORY);
		$ch->waitForConfirm(5);
		same($order, [[312, 'nobody'], 'ok', 'ok']);
	}),

	'exchange-missing' => fn() => session(function ($ch, $c) {
		$other = new AMQPChannel($c);
		existing($ch, name())->publish('x', '');
		refused(404, fn() => queue($ch));
		$q = queue($other);
		put($other, $q, 'on');
		same(bodies($q), ['on']);
	}),

	'get' => partly('does not show how many are left', function ($ch) {
		$q = queue($ch);
		same($q->get(), false);
		put($ch, $q, 'a', 'b', 'c');
		$m = $q->get();
		same([$m->getBody(), count_of($ch, $q->getName())], ['a', 2]);
		$q->ack($m->getDeliveryTag());
	}),

	'consume' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(1000));
		$ch->qos(0, 50);
		$q->consume(function ($m, $q) use (&$got) {
			$got[] = $m->getBody();
			$q->ack($m->getDeliveryTag());
			return count($got) < 1000;
		});
		same($got, numbers(1000));
		same(count_of($ch, $q->getName()), 0);
	}),

	'no-ack' => fn() => session(function ($ch) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(1000));
		take($q, $got, 1000, AMQP_AUTOACK);
		same(texts($got), numbers(1000));
		same(count_of($ch, $q->getName()), 0);
	}),

	'prefetch' => fn() => session(function ($ch, $c) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(30));
		$ch->qos(0, 10);
		comes($c, $q, $got, 10, AMQP_NOPARAM);
		$q->ack($got[4]->getDeliveryTag(), AMQP_MULTIPLE);
		comes($c, $q, $got, 15);
	}),

	// The extension asks for three per consumer whenever it opens a channel; that is taken back.
	'prefetch-global' => fn() => session(function ($ch, $c) {
		[$q, $got] = [queue($ch), []];
		put($ch, $q, ...numbers(30));
		$ch->qos(0, 0);
		$ch->qos(0, 10, true);
		$q->consume(null, AMQP_NOPARAM, 'one');
		$q->consume(null, AMQP_NOPARAM, 'two');
		comes($c, $q, $got, 10);
		$q->ack($got[9]->getDeliveryTag(), AMQP_MULTIPLE);
		comes($c, $q, $got, 20);
	}),

	'nack-requeue' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$first = $q->get();
		$q->nack($first->getDeliveryTag(), AMQP_REQUEUE);
		$again = $q->get();
		same([$again->getBody(), $first->isRedelivery(), $again->isRedelivery()],
			['a', false, true]);
	}),

	'reject' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$q->reject($q->get()->getDeliveryTag());
		same(bodies($q), ['b']);
	}),

	'ack-multiple' => fn() => session(function ($ch, $c) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b', 'c', 'd');
		$other = new AMQPQueue(new AMQPChannel($c));
		$other->setName($q->getName());
		for ($i = 0; $i < 4; $i++) {
			$got[] = $other->get();
		}
		$other->ack($got[2]->getDeliveryTag(), AMQP_MULTIPLE);
		$other->getChannel()->close();   // the fourth comes back
		same(bodies($q), ['d']);
	}),

	'recover' => fn() => session(function ($ch) {
		$q = queue($ch);
		put($ch, $q, 'a', 'b');
		$q->get();
		$q->get();
		$ch->basicRecover(true);
		foreach (['a', 'b'] as $body) {
			$m = $q->get();
			same([$m->getBody(), $m->isRedelivery()], [$body, true]);
		}
	}),

	'ack-unknown' => fn() => session(function ($ch) {
		$q = queue($ch);
		$q->ack(99);
		refused(406, fn() => queue($ch));
	}),

	'cancel' => fn() => session(function ($ch, $c) {
		[$q, $got] = [queue($ch, '', AMQP_NOPARAM), []];
		put($ch, $q, 'a');
		take($q, $got, 1, AMQP_NOPARAM);
		$q->cancel();
		put($ch, $q, 'b');
		same(count_of($ch, $q->getName()), 1);
		$q->ack($got[0]->getDeliveryTag());
		same(bodies($q), ['b']);
		$q->delete();
	}),

	'cancel-notify' => 'does not announce consumer_cancel_notify, so it is not told',

	'exclusive' => fn() => session(function ($ch, $c) {
		$q = queue($ch, '', AMQP_EXCLUSIVE);
		$q->consume(null, AMQP_NOPARAM, 'one');
		$other = new AMQPQueue(new AMQPChannel($c));
		$other->setName($q->getName());
		refused(403, fn() => $other->consume(null, AMQP_NOPARAM, 'two'));
		session(fn($far) => refused(405, fn() => count_of($far, $q->getName())));
	}),

	'tx' => fn() => session(function ($ch, $c) {
		[$q, $t] = [queue($ch), new AMQPChannel($c)];
		$mine = new AMQPQueue($t);
		$mine->setName($q->getName());
		$t->startTransaction();
		put($t, $q, 'no');
		$t->rollbackTransaction();
		put($t, $q, 'yes');
		same(bodies($q), []);
		$t->commitTransaction();
		$m = $mine->get();
		$mine->ack($m->getDeliveryTag());
		$t->rollbackTransaction();
		$mine->ack($m->getDeliveryTag());
		$t->commitTransaction();
		$t->close();
		same(bodies($q), []);
	}),

	'dead-letter' => fn() => session(function ($ch) {
		[$dead, $got] = [queue($ch), []];
		$q = queue($ch, '', AMQP_EXCLUSIVE, ['x-message-ttl' => 50,
			'x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => $dead->getName()]);
		put($ch, $q, 'late');
		take($dead, $got, 1, AMQP_NOPARAM);
		$death = $got[0]->getHeader('x-death')[0];
		same([$got[0]->getBody(), $death['queue'], $death['reason'], $death['count']],
			['late', $q->getName(), 'expired', 1]);
	}),

	'restart' => new Part('connects again when it is told to, not by itself', function () {
		$c = open();
		$ch = new AMQPChannel($c);
		$x = exchange($ch, 'topic', '', AMQP_DURABLE);
		$q = queue($ch, name(), AMQP_DURABLE);
		$q->bind($x->getName(), 'a.#');
		$seen = confirms($ch, 100, function () use ($x) {
			foreach (numbers(100) as $i) {
				$x->publish($i, 'a.b', AMQP_NOPARAM, ['delivery_mode' => 2]);
			}
		});
		same($seen, range(1, 100));
		broker('crash');
		try {
			queue($ch);
			throw new Exception('the crash was not noticed');
		} catch (AMQPException $e) {
			broker('start');
		}
		$c->reconnect();
		$ch = new AMQPChannel($c);
		$q = queue($ch, $q->getName(), AMQP_DURABLE);
		$x = existing($ch, $x->getName());
		confirms($ch, 1, fn() => $x->publish('100', 'a.c', AMQP_NOPARAM,
			['delivery_mode' => 2]));
		same(bodies($q), numbers(101));
		$q->delete();
		$x->delete();
		$c->disconnect();
	}),
];

main($cases);
