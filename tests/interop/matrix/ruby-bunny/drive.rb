# SPDX-License-Identifier: Apache-2.0
# The forty scenarios with Bunny.  usage: drive.rb PORT [NUMBER ...]
require 'bunny'
require 'securerandom'
require 'timeout'

PORT = ARGV.shift.to_i
HERE = File.expand_path(__dir__)
LIMIT_S = 60
FRAME_MAX = 131_072

def name
  "m-#{SecureRandom.uuid}"
end

def broker(verb)
  system(File.join(HERE, '../../broker.sh'), verb, exception: true)
end

def same(got, wanted)
  return if got == wanted
  raise "#{got.inspect[0, 300]} instead of #{wanted.inspect[0, 300]}"
end

def wait(limit_s = 30)
  deadline = Time.now + limit_s
  sleep 0.02 until yield || Time.now > deadline
end

# So many come, and no more in a while.
def comes(got, n)
  wait { got.size >= n }
  sleep 0.2
  same(got.size, n)
end

def open_connection(**more)
  Bunny.new({ host: '127.0.0.1', port: PORT, heartbeat: 30, log_level: Logger::FATAL,
              automatically_recover: false, network_recovery_interval: 0.2 }.merge(more)).start
end

# Runs the block with a confirm channel of a connection of its own.
def session
  c = open_connection
  ch = c.create_channel
  ch.confirm_select
  yield ch, c
ensure
  c&.close if c&.open?
end

def queue(ch, **arguments)
  ch.queue('', exclusive: true, arguments: arguments.transform_keys(&:to_s))
end

def publish(ch, exchange, key, body, **options)
  ch.basic_publish(body, exchange, key, { persistent: false }.merge(options))
  ch.wait_for_confirms if ch.using_publisher_confirmations?
end

def put(ch, q, *what)
  what.each { |each| ch.basic_publish(each.to_s, '', q.name, persistent: false) }
  ch.wait_for_confirms if ch.using_publisher_confirmations?
end

def bodies(q)
  out = []
  while (body = q.pop[2])
    out << body
  end
  out
end

# The block is refused with this code, at once or a little later.
def refused(code, ch)
  told = nil
  ch.on_error { |_, close| told = close }
  begin
    yield ch
    wait { told }
  rescue Bunny::ChannelLevelException => e
    told ||= e.channel_close
  end
  raise "not refused with #{code}" unless told
  same(told.reply_code, code)
end

CASES = {}
PARTS = {}

# What a scenario does, or why there is none, or what the client cannot do of it.
def scenario(what, none: nil, part: nil, &block)
  CASES[what] = none || block
  PARTS[what] = part
end

scenario 'connect' do
  c = open_connection
  raise 'no product' if c.server_properties['product'].empty?
  raise 'no version' if c.server_properties['version'].empty?
  same(c.heartbeat, 30)
  ch = c.create_channel
  same(ch.open?, true)
  ch.close
  c.close
  same(c.closed?, true)
end

scenario 'login-refused' do
  open_connection(password: 'wrong')
  raise 'let in'
rescue Bunny::AuthenticationFailureError => e
  raise e.message unless e.message.include?('Authentication')
end

scenario 'vhost-unknown' do
  open_connection(vhost: 'nope')
  raise 'let in'
rescue Bunny::NotAllowedError => e
  same(e.connection_close.reply_code, 530)
end

scenario 'channels' do
  c = open_connection
  chs = Array.new(50) { c.create_channel }
  chs.each { |ch| queue(ch) }
  same(chs.map(&:number).uniq.size, 50)
  chs.each(&:close)
  c.close
end

scenario 'queue-declare' do
  session do |ch, c|
    durable = ch.queue(name, durable: true)
    put(ch, durable, 'a', 'b')
    same(durable.status, { message_count: 2, consumer_count: 0 })
    durable.delete
    same(queue(ch).name.start_with?('amq.gen-'), true)
    short = ch.queue(name, auto_delete: true)
    consumer = short.subscribe {}
    same(short.consumer_count, 1)
    consumer.cancel
    refused(404, c.create_channel) { |other| other.queue(short.name, passive: true) }
  end
end

scenario 'queue-mismatch' do
  session do |ch, c|
    q = ch.queue(name, durable: true)
    refused(406, c.create_channel) { |other| other.queue(q.name, durable: false) }
    q.delete
  end
end

scenario 'queue-purge-delete' do
  session do |ch, c|
    q = ch.queue(name)
    put(ch, q, 'a', 'b', 'c')
    same(ch.queue_purge(q.name).message_count, 3)
    put(ch, q, 'd', 'e')
    refused(406, c.create_channel) { |other| other.queue_delete(q.name, if_empty: true) }
    user = c.create_channel
    user.prefetch(1)
    user.basic_consume(q.name) {}
    refused(406, c.create_channel) { |other| other.queue_delete(q.name, if_unused: true) }
    user.close
    same(ch.queue_delete(q.name).message_count, 2)
  end
end

scenario 'exchange-declare' do
  session do |ch, c|
    x = nil
    %w[direct fanout topic headers].each do |kind|
      x = name
      2.times { ch.exchange_declare(x, kind, durable: true) }
      ch.exchange_delete(x)
    end
    ch.exchange_declare('amq.topic', 'topic', passive: true)
    refused(404, c.create_channel) { |other| other.exchange_declare(x, 'topic', passive: true) }
  end
end

scenario 'exchange-mismatch' do
  session do |ch|
    x = name
    ch.direct(x, auto_delete: true)
    refused(406, ch) { ch.exchange_declare(x, 'fanout', auto_delete: true) }
  end
end

scenario 'direct' do
  session do |ch|
    qs = [queue(ch), queue(ch)]
    qs.each { |q| q.bind('amq.direct', routing_key: q.name) }
    (qs.map(&:name) + [name]).each { |key| publish(ch, 'amq.direct', key, key) }
    same(qs.map { |q| bodies(q) }, qs.map { |q| [q.name] })
  end
end

scenario 'fanout' do
  session do |ch|
    x = ch.fanout(name, auto_delete: true)
    qs = Array.new(3) { queue(ch).bind(x) }
    5.times { |i| publish(ch, x.name, i.to_s, i.to_s) }
    qs.each { |q| same(bodies(q), %w[0 1 2 3 4]) }
  end
end

scenario 'topic' do
  session do |ch|
    q = queue(ch)
    ['a.*.c', '#.z', 'k.#'].each { |key| q.bind('amq.topic', routing_key: key) }
    ['a.b.c', 'a.c', 'z', 'q.r.z', 'k', 'k.l.m', 'a.b.c.d', ''].each do |key|
      publish(ch, 'amq.topic', key, key)
    end
    same(bodies(q), ['a.b.c', 'z', 'q.r.z', 'k', 'k.l.m'])
  end
end

scenario 'headers' do
  session do |ch|
    both, either = queue(ch), queue(ch)
    wanted = { 'kind' => 'report', 'size' => 7 }
    both.bind('amq.headers', arguments: wanted.merge('x-match' => 'all'))
    either.bind('amq.headers', arguments: wanted.merge('x-match' => 'any'))
    { '2' => wanted, '1' => { 'kind' => 'report' }, '0' => { 'size' => 8 }, 'n' => {} }
      .each { |body, headers| publish(ch, 'amq.headers', '', body, headers: headers) }
    same([bodies(both), bodies(either)], [['2'], %w[2 1]])
  end
end

scenario 'exchange-bind' do
  session do |ch|
    outer, inner = ch.topic(name, auto_delete: true), ch.fanout(name, auto_delete: true)
    inner.bind(outer, routing_key: 'in.#')
    q = queue(ch).bind(inner)
    ['in.a', 'out'].each { |key| publish(ch, outer.name, key, key) }
    same(bodies(q), ['in.a'])
    inner.unbind(outer, routing_key: 'in.#')
  end
end

scenario 'alternate' do
  session do |ch|
    spill = ch.fanout(name, auto_delete: true)
    lost = queue(ch).bind(spill)
    x = ch.direct(name, arguments: { 'alternate-exchange' => spill.name })
    publish(ch, x.name, 'nowhere', 'spilt')
    same(bodies(lost), ['spilt'])
    x.delete
  end
end

scenario 'unbind' do
  session do |ch|
    q = queue(ch)
    q.bind('amq.direct', routing_key: q.name)
    publish(ch, 'amq.direct', q.name, 'before')
    q.unbind('amq.direct', routing_key: q.name)
    publish(ch, 'amq.direct', q.name, 'after')
    same(bodies(q), ['before'])
  end
end

scenario 'default-exchange' do
  session do |ch|
    q = queue(ch)
    ch.default_exchange.publish('x', routing_key: q.name)
    ch.wait_for_confirms
    info, _, body = q.pop
    same([info.exchange, info.routing_key, body], ['', q.name, 'x'])
  end
end

scenario 'properties' do
  session do |ch|
    q = queue(ch)
    sent = { content_type: 'text/plain', content_encoding: 'utf-8', priority: 3,
             correlation_id: 'c', reply_to: 'r', expiration: '60000', message_id: 'm',
             timestamp: 1_700_000_000, type: 't', user_id: 'guest', app_id: 'a',
             headers: { 'a' => 'b' } }
    publish(ch, '', q.name, 'x', persistent: true, **sent)
    got = q.pop[1].to_hash
    got[:timestamp] = got[:timestamp].to_i
    same(got, sent.merge(delivery_mode: 2))
  end
end

# A string is what Bunny has for bytes. It does not read a null in a table in an array.
scenario 'header-types' do
  session do |ch|
    q = queue(ch)
    sent = { 'text' => 'gruen', 'small' => 1, 'negative' => -2, 'large' => 1 << 40,
             'bytes' => "\x00\xFF".b, 'float' => 0.5, 'yes' => true, 'no' => false, 'empty' => nil,
             'time' => Time.at(1_700_000_000), 'table' => { 'deep' => { 'deeper' => -1 } },
             'array' => [1, 'a', { 'n' => 2 }] }
    publish(ch, '', q.name, 'x', headers: sent)
    got = q.pop[1].headers
    got['bytes'] = got['bytes'].b
    same(got, sent)
  end
end

scenario 'bodies' do
  session do |ch|
    q = queue(ch)
    [0, 1, 4096, FRAME_MAX - 8, FRAME_MAX, 1_048_577].each do |n|
      body = Array.new(n) { |i| i * 7 % 251 }.pack('C*')
      publish(ch, '', q.name, body)
      raise "#{n} bytes differ" unless q.pop[2].b == body
    end
  end
end

scenario 'confirm' do
  session do |ch|
    q = queue(ch)
    1000.times { |i| ch.basic_publish(i.to_s, '', q.name, persistent: true) }
    same(ch.wait_for_confirms, true)
    same([ch.unconfirmed_set.size, ch.nacked_set.size, q.message_count], [0, 0, 1000])
  end
end

scenario 'confirm-mixed' do
  session do |ch|
    q = queue(ch)
    1000.times do |i|
      ch.basic_publish('x', '', i % 10 == 0 ? name : q.name, persistent: i.odd?)
    end
    same(ch.wait_for_confirms, true)
    same([ch.unconfirmed_set.size, ch.nacked_set.size, q.message_count], [0, 0, 900])
  end
end

scenario 'mandatory' do
  session do |ch|
    q, x, order = queue(ch), ch.default_exchange, []
    x.on_return { |info, _, body| order << [info.reply_code, body] }
    [name, q.name].each do |key|
      x.publish('nobody', routing_key: key, mandatory: true)
      ch.wait_for_confirms
      order << 'ok'
    end
    same(order, [[312, 'nobody'], 'ok', 'ok'])
  end
end

scenario 'exchange-missing' do
  session do |ch, c|
    other = c.create_channel
    refused(404, ch) do
      ch.basic_publish('x', name, '')
      queue(ch) # tells of the channel's end
    end
    q = queue(other)
    put(other, q, 'on')
    wait { q.message_count == 1 }
    same(bodies(q), ['on'])
  end
end

scenario 'get', part: 'does not show how many are left' do
  session do |ch|
    q = queue(ch)
    same(q.pop, [nil, nil, nil])
    put(ch, q, 'a', 'b', 'c')
    info, _, body = q.pop(manual_ack: true)
    same(body, 'a')
    ch.ack(info.delivery_tag)
    same(q.message_count, 2)
  end
end

def consumed(q, manual_ack)
  got = []
  q.subscribe(manual_ack: manual_ack) do |info, _, body|
    got << body.to_i
    q.channel.ack(info.delivery_tag) if manual_ack
  end
  wait { got.size >= 1000 }
  same(got, (0...1000).to_a)
  same(q.message_count, 0)
end

scenario 'consume' do
  session do |ch|
    q = queue(ch)
    put(ch, q, *0...1000)
    ch.prefetch(50)
    consumed(q, true)
  end
end

scenario 'no-ack' do
  session do |ch|
    q = queue(ch)
    put(ch, q, *0...1000)
    consumed(q, false)
  end
end

scenario 'prefetch' do
  session do |ch|
    q, got = queue(ch), []
    put(ch, q, *0...30)
    ch.prefetch(10)
    q.subscribe(manual_ack: true) { |info, _, _| got << info.delivery_tag }
    comes(got, 10)
    ch.ack(got[4], true)
    comes(got, 15)
  end
end

scenario 'prefetch-global' do
  session do |ch|
    q, got = queue(ch), []
    put(ch, q, *0...30)
    ch.basic_qos(10, true)
    2.times { ch.basic_consume(q.name, name) { |info, _, _| got << info.delivery_tag } }
    comes(got, 10)
    ch.ack(got[9], true)
    comes(got, 20)
  end
end

scenario 'nack-requeue' do
  session do |ch|
    q = queue(ch)
    put(ch, q, 'a', 'b')
    first, = q.pop(manual_ack: true)
    ch.nack(first.delivery_tag, false, true)
    again, _, body = q.pop(manual_ack: true)
    same([body, first.redelivered?, again.redelivered?], ['a', false, true])
  end
end

scenario 'reject' do
  session do |ch|
    q = queue(ch)
    put(ch, q, 'a', 'b')
    ch.reject(q.pop(manual_ack: true)[0].delivery_tag, false)
    same(bodies(q), ['b'])
  end
end

scenario 'ack-multiple' do
  session do |ch, c|
    q = queue(ch)
    put(ch, q, 'a', 'b', 'c', 'd')
    other = c.create_channel
    tags = Array.new(4) { other.basic_get(q.name, manual_ack: true)[0].delivery_tag }
    other.ack(tags[2], true)
    other.close # the fourth comes back
    same(bodies(q), ['d'])
  end
end

scenario 'recover' do
  session do |ch|
    q = queue(ch)
    put(ch, q, 'a', 'b')
    2.times { q.pop(manual_ack: true) }
    ch.basic_recover(true)
    %w[a b].each do |wanted|
      info, _, body = q.pop(manual_ack: true)
      same([body, info.redelivered?], [wanted, true])
    end
  end
end

scenario 'ack-unknown' do
  session do |ch|
    refused(406, ch) { ch.basic_ack(99) }
  end
end

scenario 'cancel' do
  session do |ch|
    q, got = queue(ch), []
    put(ch, q, 'a')
    consumer = q.subscribe(manual_ack: true) { |info, _, _| got << info.delivery_tag }
    wait { got.any? }
    consumer.cancel
    put(ch, q, 'b')
    comes(got, 1)
    ch.ack(got[0])
    same(bodies(q), ['b'])
  end
end

scenario 'cancel-notify' do
  session do |ch, c|
    q, told = queue(ch), []
    q.subscribe(on_cancellation: proc { |cancel| told << cancel.consumer_tag },
                consumer_tag: 'me') {}
    c.create_channel.queue_delete(q.name)
    wait { told.any? }
    same(told, ['me'])
  end
end

scenario 'exclusive' do
  session do |ch, c|
    q = queue(ch)
    q.subscribe(exclusive: true) {}
    refused(403, c.create_channel) { |other| other.basic_consume(q.name) {} }
    session do |other|
      refused(405, other) { other.queue(q.name, passive: true) }
    end
  end
end

scenario 'tx' do
  session do |ch, c|
    q, t = queue(ch), c.create_channel
    t.tx_select
    put(t, q, 'no')
    t.tx_rollback
    put(t, q, 'yes')
    same(bodies(q), [])
    t.tx_commit
    info, = t.basic_get(q.name, manual_ack: true)
    t.ack(info.delivery_tag)
    t.tx_rollback
    t.ack(info.delivery_tag)
    t.tx_commit
    t.close
    same(bodies(q), [])
  end
end

scenario 'dead-letter' do
  session do |ch|
    dead, got = queue(ch), []
    q = queue(ch, 'x-message-ttl': 50, 'x-dead-letter-exchange': '',
                  'x-dead-letter-routing-key': dead.name)
    put(ch, q, 'late')
    dead.subscribe { |_, props, body| got << [props.headers['x-death'][0], body] }
    wait { got.any? }
    death, body = got[0]
    same([body, death['queue'], death['reason'], death['count']], ['late', q.name, 'expired', 1])
  end
end

# Bunny connects again by itself, declares what is not durable, and consumes again.
scenario 'restart' do
  recoveries = 0
  c = open_connection(automatically_recover: true, recovery_completed: proc { recoveries += 1 })
  ch = c.create_channel
  ch.confirm_select
  x, got = ch.topic(name, durable: true), []
  q = ch.queue(name, durable: true)
  q.bind(x, routing_key: 'a.#')
  100.times { |i| x.publish(i.to_s, routing_key: 'a.b', persistent: true) }
  same(ch.wait_for_confirms, true)
  broker('crash')
  broker('start')
  wait { recoveries == 1 }
  q.subscribe { |_, _, body| got << body.to_i }
  wait { got.size >= 100 }
  same(got, (0...100).to_a)
  broker('crash')
  broker('start')
  wait { recoveries == 2 }
  session do |other|
    publish(other, x.name, 'a.c', '100', persistent: true)
    wait { got.include?(100) }
    same(got.include?(100), true)
    other.queue_delete(q.name)
    other.exchange_delete(x.name)
  end
  c.close
end

def scenarios
  File.readlines(File.join(HERE, '../../scenarios.tsv')).map { |line| line.split("\t")[0, 2] }
end

$stdout.sync = true
failed = 0
scenarios.each do |number, what|
  next unless ARGV.empty? || ARGV.include?(number)
  run = CASES.fetch(what)
  if run.is_a?(String)
    puts "none #{number} #{what}: #{run}"
    next
  end
  begin
    Timeout.timeout(LIMIT_S) { run.call }
    puts PARTS[what] ? "part #{number} #{what}: #{PARTS[what]}" : "ok #{number} #{what}"
  rescue StandardError => e
    failed += 1
    puts "FAIL #{number} #{what}: #{e.class} #{e.message.split.join(' ')[0, 500]}"
  end
end
exit(failed.zero? ? 0 : 1)
