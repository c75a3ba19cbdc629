# SPDX-License-Identifier: Apache-2.0
# The forty scenarios with AnyEvent::RabbitMQ.  usage: drive.pl PORT [NUMBER ...]
use strict;
use warnings;
use AnyEvent;
use AnyEvent::RabbitMQ;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP;

my $port = shift @ARGV;
my $here = dirname(abs_path($0));
my $limit_s = 60;
my $frame_max = 131072;
my $names = 0;
my $json = JSON::PP->new->canonical->allow_nonref->allow_blessed->convert_blessed;
sub Net::AMQP::Value::TO_JSON { "$_[0]" }

sub name { "m-perl-$$-" . $names++ }

sub broker { system("$here/../../broker.sh", $_[0]) == 0 or die "broker.sh $_[0] failed\n" }

sub same {
	my ($got, $wanted) = map { $json->encode($_) } @_;
	die substr($got, 0, 300) . ' instead of ' . substr($wanted, 0, 300) . "\n" if $got ne $wanted;
}

# What a callback was told of a failure: a frame with a code, or words.
sub told {
	my ($why) = @_;
	return $why if !ref $why || !$why->can('method_frame');
	my $m = $why->method_frame;
	return ($m->reply_code // '') . ' ' . ($m->reply_text // '');
}

# Calls a method and waits for its success, whose argument it returns.
sub call {
	my ($object, $method, %args) = @_;
	my $cv = AE::cv;
	$object->$method(
		on_success => sub { $cv->send(@_) },
		on_failure => sub { $cv->croak(told($_[0])) },
		%args);
	return $cv->recv;
}

sub pause {
	my $cv = AE::cv;
	my $timer = AE::timer $_[0], 0, $cv;
	$cv->recv;
}

sub await {
	my ($until) = @_;
	my $end = AE::time + 30;
	pause(0.02) until $until->() || AE::time > $end;
}

# So many come, and no more in a while.
sub comes {
	my ($got, $n) = @_;
	await(sub { @$got >= $n });
	pause(0.2);
	same(scalar(@$got), $n);
}

sub open_connection {
	my %more = @_;
	my $cv = AE::cv;
	my $c = AnyEvent::RabbitMQ->new->load_xml_spec;
	$c->connect(
		host => '127.0.0.1', port => $port, user => 'guest', pass => 'guest', vhost => '/',
		timeout => 5, nodelay => 1, tune => { heartbeat => 30 },
		on_success => sub { $cv->send($c) },
		on_failure => sub { $cv->croak(told($_[-1])) },
		on_read_failure => sub { $cv->croak(told($_[0])) },
		on_close => sub { $cv->croak(told($_[0])) },
		%more);
	return $cv->recv;
}

# Why the channel was closed last that the broker closed. The failure of the call says only that.
my $closed = '';

sub channel {
	my ($c) = @_;
	return call($c, 'open_channel', on_close => sub { $closed = told($_[0]) });
}

# A channel whose publishes are confirmed.
sub confirming {
	my $ch = channel(@_);
	call($ch, 'confirm');
	return $ch;
}

# Runs the case with a confirm channel of a connection of its own.
sub session {
	my ($run) = @_;
	my $c = open_connection();
	my $good = eval { $run->(confirming($c), $c); 1 };
	my $why = $@;
	call($c, 'close') if $c->is_open;
	die $why if !$good;
}

sub queue {
	my ($ch, %more) = @_;
	return call($ch, 'declare_queue', exclusive => 1, %more)->method_frame->queue;
}

sub passive {
	my ($ch, $q) = @_;
	my $ok = call($ch, 'declare_queue', queue => $q, passive => 1)->method_frame;
	return [$ok->message_count, $ok->consumer_count];
}

sub exchange {
	my ($ch, $type, %more) = @_;
	my $x = name();
	call($ch, 'declare_exchange', exchange => $x, type => $type, auto_delete => 1, %more);
	return $x;
}

# Publishes and waits for the confirms of all: bodies, or references to publish's arguments.
sub publish {
	my ($ch, @what) = @_;
	my $cv = AE::cv;
	for my $each (@what) {
		$cv->begin;
		$ch->publish(%$each, on_ack => sub { $cv->end }, on_nack => sub { $cv->croak('nack') });
	}
	my $late = AE::timer 5, 0, sub { $cv->croak('not confirmed') };
	$cv->recv if @what;
}

sub put {
	my ($ch, $q, @bodies) = @_;
	publish($ch, map { { routing_key => $q, body => "$_" } } @bodies);
}

sub get {
	my ($ch, $q, $no_ack) = @_;
	my $m = call($ch, 'get', queue => $q, no_ack => $no_ack ? 1 : 0);
	return $m->{empty} ? undef : $m;
}

sub body { $_[0]{body} ? $_[0]{body}->payload : '' }
sub tag { ($_[0]{ok} || $_[0]{deliver})->method_frame->delivery_tag }
sub redelivered { ($_[0]{ok} || $_[0]{deliver})->method_frame->redelivered ? 1 : 0 }

sub bodies {
	my ($ch, $q) = @_;
	my @out;
	while (my $m = get($ch, $q, 1)) {
		push @out, body($m);
	}
	return \@out;
}

sub consume {
	my ($ch, $q, $on_consume, %more) = @_;
	return call($ch, 'consume', queue => $q, no_ack => 0, on_consume => $on_consume, %more)
		->method_frame->consumer_tag;
}

# The action is refused with this code.
sub refused {
	my ($code, $act) = @_;
	$closed = '';
	my $why = eval { $act->(); 1 } ? 'nothing' : $@;
	$why = $closed if $why =~ /^Channel closed/;
	die "not refused with $code but: $why\n" if $why !~ /^$code /;
}

my %cases;

# What of a scenario the client cannot do.
my %parts = (
	'dead-letter' => 'cannot read the x-death of what came out: its count has eight bytes',
	'header-types' => 'sends no large integers and no floats, and reads no null',
	'restart' => 'leaves it to its user to connect again',
);

$cases{'connect'} = sub {
	my $c = open_connection();
	my $about = $c->server_properties;
	die "no product or version\n" if !$about->{product} || !$about->{version};
	my $ch = channel($c);
	same($ch->is_open ? 1 : 0, 1);
	call($ch, 'close');
	call($c, 'close');
	same($c->is_open ? 1 : 0, 0);
};

# The client does not ask to be told, so it sees its transport closed.
$cases{'login-refused'} = sub {
	my $began = AE::time;
	die "let in\n" if eval { open_connection(pass => 'wrong'); 1 };
	die $@ if $@ !~ /end of file|Broken|Connection reset|^403/i || AE::time - $began > 10;
};

$cases{'vhost-unknown'} = sub {
	refused(530, sub { open_connection(vhost => 'nope') });
};

$cases{'channels'} = sub {
	my $c = open_connection();
	my @chs = map { channel($c) } 1 .. 50;
	queue($_) for @chs;
	my %ids = map { $_->id => 1 } @chs;
	same(scalar(keys %ids), 50);
	call($_, 'close') for @chs;
	call($c, 'close');
};

$cases{'queue-declare'} = sub { session(sub {
	my ($ch) = @_;
	my ($durable, $short) = (name(), name());
	call($ch, 'declare_queue', queue => $durable, durable => 1);
	put($ch, $durable, 'a', 'b');
	same(passive($ch, $durable), [2, 0]);
	call($ch, 'delete_queue', queue => $durable);
	die "no name\n" if queue($ch) !~ /^amq\.gen-/;
	call($ch, 'declare_queue', queue => $short, auto_delete => 1);
	my $tag = consume($ch, $short, sub { });
	same(passive($ch, $short), [0, 1]);
	call($ch, 'cancel', consumer_tag => $tag);
	refused(404, sub { passive($ch, $short) });
}) };

$cases{'queue-mismatch'} = sub { session(sub {
	my ($ch, $c) = @_;
	my $q = name();
	call($ch, 'declare_queue', queue => $q, durable => 1);
	refused(406, sub { call($ch, 'declare_queue', queue => $q) });
	call(channel($c), 'delete_queue', queue => $q);
}) };

$cases{'queue-purge-delete'} = sub { session(sub {
	my ($ch, $c) = @_;
	my ($q, $used) = (name(), queue($ch));
	call($ch, 'declare_queue', queue => $q);
	put($ch, $q, 'a', 'b', 'c');
	same(call($ch, 'purge_queue', queue => $q)->method_frame->message_count, 3);
	put($ch, $q, 'd', 'e');
	refused(406, sub { call(channel($c), 'delete_queue', queue => $q, if_empty => 1) });
	consume($ch, $used, sub { });
	refused(406, sub { call(channel($c), 'delete_queue', queue => $used, if_unused => 1) });
	same(call($ch, 'delete_queue', queue => $q)->method_frame->message_count, 2);
}) };

$cases{'exchange-declare'} = sub { session(sub {
	my ($ch) = @_;
	my $x;
	for my $type (qw(direct fanout topic headers)) {
		$x = name();
		my @args = (exchange => $x, type => $type, durable => 1);
		call($ch, 'declare_exchange', @args) for 1 .. 2;
		call($ch, 'delete_exchange', exchange => $x);
	}
	call($ch, 'declare_exchange', exchange => 'amq.topic', type => 'topic', passive => 1);
	refused(404, sub { call($ch, 'declare_exchange', exchange => $x, passive => 1) });
}) };

$cases{'exchange-mismatch'} = sub { session(sub {
	my ($ch) = @_;
	my $x = exchange($ch, 'direct');
	refused(406, sub {
		call($ch, 'declare_exchange', exchange => $x, type => 'fanout', auto_delete => 1);
	});
}) };

sub bind_queue {
	my ($ch, $q, $x, $key, %more) = @_;
	call($ch, 'bind_queue', queue => $q, exchange => $x, routing_key => $key // '', %more);
}

$cases{'direct'} = sub { session(sub {
	my ($ch) = @_;
	my @qs = (queue($ch), queue($ch));
	bind_queue($ch, $_, 'amq.direct', $_) for @qs;
	publish($ch, { exchange => 'amq.direct', routing_key => $_, body => $_ }) for @qs, name();
	same([map { bodies($ch, $_) } @qs], [map { [$_] } @qs]);
}) };

$cases{'fanout'} = sub { session(sub {
	my ($ch) = @_;
	my $x = exchange($ch, 'fanout');
	my @qs = map { queue($ch) } 1 .. 3;
	bind_queue($ch, $_, $x) for @qs;
	publish($ch, { exchange => $x, routing_key => "$_", body => "$_" }) for 0 .. 4;
	same(bodies($ch, $_), [map { "$_" } 0 .. 4]) for @qs;
}) };

$cases{'topic'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	bind_queue($ch, $q, 'amq.topic', $_) for 'a.*.c', '#.z', 'k.#';
	publish($ch, { exchange => 'amq.topic', routing_key => $_, body => $_ })
		for 'a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', '';
	same(bodies($ch, $q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m']);
}) };

# The client sends a header that looks like a number as text, so sizes are compared as text.
$cases{'headers'} = sub { session(sub {
	my ($ch) = @_;
	my ($both, $either) = (queue($ch), queue($ch));
	my %wanted = (kind => 'report', size => Net::AMQP::Value::String->new(7));
	bind_queue($ch, $both, 'amq.headers', '', arguments => { %wanted, 'x-match' => 'all' });
	bind_queue($ch, $either, 'amq.headers', '', arguments => { %wanted, 'x-match' => 'any' });
	my @sent = (['2', \%wanted], ['1', { kind => 'report' }], ['0', { size => 8 }], ['n', {}]);
	publish($ch, { exchange => 'amq.headers', routing_key => '', body => $_->[0],
		header => { headers => $_->[1] } }) for @sent;
	same([bodies($ch, $both), bodies($ch, $either)], [['2'], ['2', '1']]);
}) };

$cases{'exchange-bind'} = sub { session(sub {
	my ($ch) = @_;
	my ($outer, $inner, $q) = (exchange($ch, 'topic'), exchange($ch, 'fanout'), queue($ch));
	my @binding = (source => $outer, destination => $inner, routing_key => 'in.#');
	call($ch, 'bind_exchange', @binding);
	bind_queue($ch, $q, $inner);
	publish($ch, { exchange => $outer, routing_key => $_, body => $_ }) for 'in.a', 'out';
	same(bodies($ch, $q), ['in.a']);
	call($ch, 'unbind_exchange', @binding);
}) };

$cases{'alternate'} = sub { session(sub {
	my ($ch) = @_;
	my ($spill, $lost) = (exchange($ch, 'fanout'), queue($ch));
	bind_queue($ch, $lost, $spill);
	my $x = exchange($ch, 'direct', arguments => { 'alternate-exchange' => $spill });
	publish($ch, { exchange => $x, routing_key => 'nowhere', body => 'spilt' });
	same(bodies($ch, $lost), ['spilt']);
	call($ch, 'delete_exchange', exchange => $x);
}) };

$cases{'unbind'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	my @to = (exchange => 'amq.direct', routing_key => $q);
	bind_queue($ch, $q, 'amq.direct', $q);
	publish($ch, { @to, body => 'before' });
	call($ch, 'unbind_queue', queue => $q, @to);
	publish($ch, { @to, body => 'after' });
	same(bodies($ch, $q), ['before']);
}) };

$cases{'default-exchange'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	put($ch, $q, 'x');
	my $m = get($ch, $q, 1);
	my $ok = $m->{ok}->method_frame;
	same([$ok->exchange, $ok->routing_key, body($m)], ['', $q, 'x']);
}) };

$cases{'properties'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	my %sent = (content_type => 'text/plain', content_encoding => 'utf-8', delivery_mode => 2,
		priority => 3, correlation_id => 'c', reply_to => 'r', expiration => '60000',
		message_id => 'm', timestamp => 1700000000, type => 't', user_id => 'guest',
		app_id => 'a', headers => { a => 'b' });
	publish($ch, { routing_key => $q, body => 'x', header => { %sent } });
	my $got = get($ch, $q, 1)->{header};
	same("$_ " . $json->encode($got->$_), "$_ " . $json->encode($sent{$_}))
		for grep { !/priority|mode|timestamp/ } keys %sent;
	same($got->$_ + 0, $sent{$_}) for qw(priority delivery_mode timestamp);
}) };

# At the top the client sends numbers as text; inside of tables it has integers of four bytes.
$cases{'header-types'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	my $sent = { text => 'gruen', small => '1', yes => Net::AMQP::Value::true,
		no => Net::AMQP::Value::false, time => Net::AMQP::Value::Timestamp->new(1700000000),
		bytes => "\x00\x7f", table => { deep => { deeper => 'd' } },
		array => ['a', { n => 'n' }, ['b']],
		number => { n => Net::AMQP::Value::Integer->new(-1) } };
	publish($ch, { routing_key => $q, body => 'x', header => { headers => { %$sent } } });
	my $got = get($ch, $q, 1)->{header}->headers;
	$got->{number}{n} = 'x' if $got->{number}{n} == -1;
	$sent->{number}{n} = 'x';
	same($got->{time} + 0, 1700000000);
	$got->{time} = $sent->{time};
	same([$got->{yes}, $got->{no}], [1, 0]);
	@$got{qw(yes no)} = @$sent{qw(yes no)};
	same($got, $sent);
}) };

$cases{'bodies'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	for my $n (0, 1, 4096, $frame_max - 8, $frame_max, 1048577) {
		my $body = pack('C*', map { $_ * 7 % 251 } 0 .. $n - 1);
		publish($ch, { routing_key => $q, body => $body });
		die "$n bytes differ\n" if body(get($ch, $q, 1)) ne $body;
	}
}) };

$cases{'confirm'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, %seen) = (queue($ch));
	for my $i (0 .. 999) {
		$ch->publish(routing_key => $q, body => "$i", header => { delivery_mode => 2 },
			on_ack => sub { $seen{$i}++ });
	}
	await(sub { keys %seen == 1000 });
	same([scalar(keys %seen), scalar(grep { $_ != 1 } values %seen)], [1000, 0]);
	same(passive($ch, $q), [1000, 0]);
}) };

$cases{'confirm-mixed'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, $seen) = (queue($ch), 0);
	for my $i (0 .. 999) {
		$ch->publish(routing_key => $i % 10 ? $q : name(), body => 'x',
			header => { delivery_mode => 1 + $i % 2 }, on_ack => sub { $seen++ });
	}
	await(sub { $seen >= 1000 });
	same([$seen, passive($ch, $q)->[0]], [1000, 900]);
}) };

$cases{'mandatory'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, @order) = (queue($ch));
	for my $key (name(), $q) {
		my $done = AE::cv;
		$ch->publish(routing_key => $key, body => 'nobody', mandatory => 1,
			on_return => sub { push @order, $_[0]->method_frame->reply_code + 0 },
			on_ack => sub { push @order, 'ok'; $done->send });
		$done->recv;
	}
	same(\@order, [312, 'ok', 'ok']);
}) };

$cases{'exchange-missing'} = sub { session(sub {
	my ($ch, $c) = @_;
	my $doomed = channel($c);
	$closed = '';
	$doomed->publish(exchange => name(), routing_key => '', body => 'x');
	await(sub { $closed });
	same($closed =~ /^404 / ? 1 : 0, 1);
	my $q = queue($ch);
	put($ch, $q, 'on');
	same(bodies($ch, $q), ['on']);
}) };

$cases{'get'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	same(get($ch, $q), undef);
	put($ch, $q, 'a', 'b', 'c');
	my $m = get($ch, $q);
	same([body($m), $m->{ok}->method_frame->message_count + 0], ['a', 2]);
	$ch->ack(delivery_tag => tag($m));
}) };

sub consumed {
	my ($ch, $no_ack) = @_;
	my ($q, @got) = (queue($ch));
	put($ch, $q, 0 .. 999);
	call($ch, 'qos', prefetch_count => 50);
	consume($ch, $q, sub {
		push @got, body($_[0]);
		$ch->ack(delivery_tag => tag($_[0])) if !$no_ack;
	}, no_ack => $no_ack);
	await(sub { @got >= 1000 });
	same(\@got, [map { "$_" } 0 .. 999]);
	same(passive($ch, $q), [0, 1]);
}

$cases{'consume'} = sub { session(sub { consumed($_[0], 0) }) };

$cases{'no-ack'} = sub { session(sub { consumed($_[0], 1) }) };

$cases{'prefetch'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, @got) = (queue($ch));
	put($ch, $q, 0 .. 29);
	call($ch, 'qos', prefetch_count => 10);
	consume($ch, $q, sub { push @got, $_[0] });
	comes(\@got, 10);
	$ch->ack(delivery_tag => tag($got[4]), multiple => 1);
	comes(\@got, 15);
}) };

$cases{'prefetch-global'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, @got) = (queue($ch));
	put($ch, $q, 0 .. 29);
	call($ch, 'qos', prefetch_count => 10, global => 1);
	consume($ch, $q, sub { push @got, $_[0] }) for 1 .. 2;
	comes(\@got, 10);
	$ch->ack(delivery_tag => tag($got[9]), multiple => 1);
	comes(\@got, 20);
}) };

$cases{'nack-requeue'} = 'no call for basic.nack';

$cases{'reject'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	put($ch, $q, 'a', 'b');
	$ch->reject(delivery_tag => tag(get($ch, $q)), requeue => 1);
	my $again = get($ch, $q);
	same([body($again), redelivered($again)], ['a', 1]);
	$ch->reject(delivery_tag => tag($again));
	same(bodies($ch, $q), ['b']);
}) };

$cases{'ack-multiple'} = sub { session(sub {
	my ($ch, $c) = @_;
	my $q = queue($ch);
	put($ch, $q, 'a', 'b', 'c', 'd');
	my $other = channel($c);
	my @got = map { get($other, $q) } 1 .. 4;
	$other->ack(delivery_tag => tag($got[2]), multiple => 1);
	call($other, 'close'); # the fourth comes back
	same(bodies($ch, $q), ['d']);
}) };

$cases{'recover'} = sub { session(sub {
	my ($ch) = @_;
	my $q = queue($ch);
	put($ch, $q, 'a', 'b');
	get($ch, $q) for 1 .. 2;
	call($ch, 'recover', requeue => 1);
	for my $body ('a', 'b') {
		my $m = get($ch, $q);
		same([body($m), redelivered($m)], [$body, 1]);
	}
}) };

$cases{'ack-unknown'} = sub { session(sub {
	my ($ch) = @_;
	$closed = '';
	$ch->ack(delivery_tag => 99);
	await(sub { $closed });
	same($closed =~ /^406 / ? 1 : 0, 1);
}) };

$cases{'cancel'} = sub { session(sub {
	my ($ch) = @_;
	my ($q, @got) = (queue($ch));
	put($ch, $q, 'a');
	my $tag = consume($ch, $q, sub { push @got, $_[0] });
	await(sub { @got });
	call($ch, 'cancel', consumer_tag => $tag);
	put($ch, $q, 'b');
	comes(\@got, 1);
	$ch->ack(delivery_tag => tag($got[0]));
	same(bodies($ch, $q), ['b']);
}) };

$cases{'cancel-notify'} = sub { session(sub {
	my ($ch, $c) = @_;
	my ($q, @told) = (queue($ch));
	consume($ch, $q, sub { }, consumer_tag => 'me',
		on_cancel => sub { push @told, $_[0]->method_frame->consumer_tag });
	call(channel($c), 'delete_queue', queue => $q);
	await(sub { @told });
	same(\@told, ['me']);
}) };

$cases{'exclusive'} = sub { session(sub {
	my ($ch, $c) = @_;
	my $q = queue($ch);
	consume($ch, $q, sub { }, exclusive => 1);
	my $other = channel($c);
	refused(403, sub { consume($other, $q, sub { }) });
	session(sub { my ($far) = @_; refused(405, sub { passive($far, $q) }) });
}) };

$cases{'tx'} = sub { session(sub {
	my ($ch, $c) = @_;
	my ($q, $t) = (queue($ch), channel($c));
	call($t, 'select_tx');
	$t->publish(routing_key => $q, body => 'no');
	call($t, 'rollback_tx');
	$t->publish(routing_key => $q, body => 'yes');
	same(bodies($ch, $q), []);
	call($t, 'commit_tx');
	my $m = get($t, $q);
	same(body($m), 'yes');
	for my $end (qw(rollback_tx commit_tx)) {
		$t->ack(delivery_tag => tag($m));
		call($t, $end);
	}
	call($t, 'close');
	same(bodies($ch, $q), []);
}) };

$cases{'dead-letter'} = sub { session(sub {
	my ($ch) = @_;
	my $dead = queue($ch);
	my $q = queue($ch, arguments => { 'x-message-ttl' => Net::AMQP::Value::Integer->new(50),
		'x-dead-letter-exchange' => '', 'x-dead-letter-routing-key' => $dead });
	put($ch, $q, 'late');
	await(sub { passive($ch, $dead)->[0] });
	same([passive($ch, $dead), passive($ch, $q)], [[1, 0], [0, 0]]);
}) };

# The client is told by on_close.
$cases{'restart'} = sub {
	my ($x, $q, $lost) = (name(), name());
	my $c = open_connection(on_close => sub { $lost = 1 }, on_read_failure => sub { });
	my $ch = confirming($c);
	call($ch, 'declare_exchange', exchange => $x, type => 'topic', durable => 1);
	call($ch, 'declare_queue', queue => $q, durable => 1);
	bind_queue($ch, $q, $x, 'a.#');
	my @to = (exchange => $x, header => { delivery_mode => 2 });
	publish($ch, map { { @to, routing_key => 'a.b', body => "$_" } } 0 .. 99);
	broker('crash');
	await(sub { $lost });
	same($lost, 1);
	broker('start');
	session(sub {
		my ($ch) = @_;
		publish($ch, { @to, routing_key => 'a.c', body => '100' });
		same(bodies($ch, $q), [map { "$_" } 0 .. 100]);
		call($ch, 'delete_queue', queue => $q);
		call($ch, 'delete_exchange', exchange => $x);
	});
};

$| = 1;
my %chosen = map { $_ => 1 } @ARGV;
my $failed = 0;
open my $file, '<', "$here/../../scenarios.tsv" or die $!;
while (<$file>) {
	my ($number, $what) = split /\t/;
	next if %chosen && !$chosen{$number};
	my $run = $cases{$what};
	if (!ref $run) {
		print "none $number $what: $run\n";
		next;
	}
	local $SIG{ALRM} = sub { die "not done in $limit_s s\n" };
	alarm $limit_s;
	if (eval { $run->(); 1 }) {
		print $parts{$what} ? "part $number $what: $parts{$what}\n" : "ok $number $what\n";
	} else {
		$failed++;
		print "FAIL $number $what: ", substr(join(' ', split ' ', "$@"), 0, 500), "\n";
	}
	alarm 0;
}
exit($failed ? 1 : 0);
