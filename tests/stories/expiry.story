# Time to live of messages, leases of queues, and dead letters of both.

scene "x-message-ttl: a message goes after its time, without anybody asking"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-message-ttl: 1000, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x"
clock +600ms
a 1 does queue.declare queue=q passive => message_count=1
clock +700ms
a 1 does queue.declare queue=q passive => message_count=0
a 1 does basic.get queue=dead no_ack => body="x" headers~{x-first-death-reason: "expired", x-first-death-queue: "q"}
a closes

scene "The smaller of the queue's and the message's time counts"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-ttl: 1000}
a 1 > basic.publish routing_key=q body="soon" expiration="100"
clock +200ms
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.publish routing_key=q body="later" expiration="100000"
clock +1500ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "No time at all: a consumer that waits has it, nobody else"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-ttl: 0}
a 1 > basic.publish routing_key=q body="gone"
clock +700ms
a 1 > basic.get queue=q
a 1 < basic.get-empty
a 1 does basic.consume queue=q consumer_tag=c no_ack
a 1 > basic.publish routing_key=q body="here"
a 1 < basic.deliver body="here"
a closes

scene "What comes back keeps its first deadline"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-ttl: 1000}
a 1 > basic.publish routing_key=q body="x"
clock +600ms
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.nack delivery_tag=1 requeue
clock +700ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "A dead letter leaves its expiration behind"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x" expiration="10"
clock +1500ms
a 1 does basic.get queue=dead no_ack => body="x" expiration=absent headers~{x-first-death-reason: "expired"}
a closes

scene "Rejected without requeue is a death too, and going round by rejection is allowed"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "q"}
a 1 > basic.publish routing_key=q body="x"
a 1 does basic.get queue=q => delivery_tag=1
a 1 > basic.reject delivery_tag=1
a 1 does basic.get queue=q => delivery_tag=2 headers~{x-last-death-reason: "rejected"}
a 1 > basic.reject delivery_tag=2
a 1 does basic.get queue=q => delivery_tag=3 headers~{x-last-death-queue: "q"}
a closes

scene "Going round by itself is not"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-ttl: 300, x-dead-letter-exchange: "", x-dead-letter-routing-key: "p"}
a 1 does queue.declare queue=p arguments={x-message-ttl: 300, x-dead-letter-exchange: "", x-dead-letter-routing-key: "q"}
a 1 > basic.publish routing_key=q body="x"
clock +450ms
a 1 does queue.declare queue=p passive => message_count=1
clock +450ms
a 1 does queue.declare queue=p passive => message_count=0
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "The exchange for the dead may be missing"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-message-ttl: 100, x-dead-letter-exchange: "nowhere"}
a 1 > basic.publish routing_key=q body="x"
clock +200ms
a 1 does queue.declare queue=q passive => message_count=0
a closes

scene "x-expires: an unused queue goes after its time"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-expires: 1000}
a 1 > basic.publish routing_key=q body="goes along"
clock +600ms
a 1 does queue.declare queue=other
clock +700ms
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "Declaring, passively too, and getting begin the lease anew"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-expires: 1000}
clock +600ms
a 1 does queue.declare queue=q arguments={x-expires: 1000}
clock +600ms
a 1 does queue.declare queue=q passive
clock +600ms
a 1 > basic.get queue=q
a 1 < basic.get-empty
clock +600ms
a 1 does queue.declare queue=q passive
clock +1500ms
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "Publishing does not"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-expires: 1000}
clock +600ms
a 1 > basic.publish routing_key=q body="x"
clock +700ms
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "A consumer holds it, and the lease begins when the last one leaves"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-expires: 1000}
a 1 does basic.consume queue=q consumer_tag=c
a 1 does basic.consume queue=q consumer_tag=d
clock +100s
a 1 does basic.cancel consumer_tag=c
clock +100s
a 1 does queue.declare queue=q passive => consumer_count=1
clock +10s
a 1 does basic.cancel consumer_tag=d
clock +600ms
a 1 does queue.declare queue=other
a 1 > basic.publish routing_key=q mandatory body="still there"
clock +700ms
a 1 > basic.publish routing_key=q mandatory body="not any more"
a 1 < basic.return reply_code=312 body="not any more"
a closes

scene "A lease does not make dead letters, and begins anew at a start"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=dead durable
a 1 does queue.declare queue=q durable arguments={x-expires: 1000, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="x" persistent
clock +900ms
restart
a connects
a opens 1
clock +900ms
a 1 > basic.publish routing_key=q mandatory body="still there"
clock +100ms
a 1 > basic.publish routing_key=q mandatory body="not any more"
a 1 < basic.return reply_code=312 body="not any more"
a 1 does queue.declare queue=dead passive => message_count=0
restart
a connects
a opens 1
a 1 > queue.declare queue=q passive
a 1 refused 404 "NOT_FOUND - no queue 'q' in vhost '/'" queue.declare
a closes

scene "Messages go at their time while the queue's own end is far"
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-expires: 600000, x-message-ttl: 2000, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 does queue.declare queue=r arguments={x-expires: 600000, x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="of the queue"
a 1 > basic.publish routing_key=r body="its own" expiration="1000"
clock +1500ms
a 1 does basic.get queue=dead no_ack => body="its own" message_count=0
clock +1000ms
a 1 does basic.get queue=dead no_ack => body="of the queue" message_count=0
a closes

scene "To the millisecond, messages and queues"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=lease arguments={x-expires: 1000}
a 1 does queue.declare queue=q arguments={x-message-ttl: 1000}
a 1 > basic.publish routing_key=q body="x"
clock +999ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 > basic.publish routing_key=lease mandatory body="still there"
a 1 < nothing
clock +1ms
a 1 does queue.declare queue=q passive => message_count=0
a 1 > basic.publish routing_key=lease mandatory body="not any more"
a 1 < basic.return body="not any more"
a closes

scene "A message goes at its time behind one that stays"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="stays"
a 1 > basic.publish routing_key=q body="later" expiration="2000"
a 1 > basic.publish routing_key=q body="soon" expiration="1000"
clock +999ms
a 1 does queue.declare queue=q passive => message_count=3
a 1 does queue.declare queue=dead passive => message_count=0
clock +1ms
a 1 does queue.declare queue=q passive => message_count=2
a 1 does basic.get queue=dead no_ack => body="soon" headers~{x-first-death-reason: "expired", x-first-death-queue: "q"}
clock +999ms
a 1 does queue.declare queue=q passive => message_count=2
clock +1ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 does basic.get queue=dead no_ack => body="later"
a 1 does basic.get queue=q no_ack => body="stays"
a closes

scene "In a priority queue too, whatever stands before it"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=own arguments={x-max-priority: 5}
a 1 > basic.publish routing_key=own body="first" priority=5
a 1 > basic.publish routing_key=own body="low" priority=1
a 1 > basic.publish routing_key=own body="low, soon" priority=1 expiration="500"
clock +700ms
a 1 does queue.declare queue=own passive => message_count=2
a 1 does queue.declare queue=all arguments={x-max-priority: 5, x-message-ttl: 1000}
a 1 > basic.publish routing_key=all body="low" priority=1
clock +600ms
a 1 > basic.publish routing_key=all body="high" priority=5
clock +600ms
a 1 does queue.declare queue=all passive => message_count=1
a 1 does basic.get queue=all no_ack => body="high"
a closes

scene "Behind the window of a consumer"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=dead
a 1 does queue.declare queue=q arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 does basic.qos prefetch_count=1
a 1 does basic.consume queue=q consumer_tag=c
a 1 > basic.publish routing_key=q body="in hand" expiration="100"
a 1 < basic.deliver delivery_tag=1 body="in hand"
a 1 > basic.publish routing_key=q body="waits"
a 1 > basic.publish routing_key=q body="waits too long" expiration="100"
clock +100ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 does queue.declare queue=dead passive => message_count=1
a 1 > basic.ack delivery_tag=1
a 1 < basic.deliver delivery_tag=2 body="waits"
a 1 < nothing
a closes

scene "What comes back too late goes at once, and what comes back in time at its time"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=q
a 1 > basic.publish routing_key=q body="first"
a 1 > basic.publish routing_key=q body="a" expiration="100"
a 1 > basic.publish routing_key=q body="b" expiration="300"
a 1 does basic.get queue=q => delivery_tag=1 body="first"
a 1 does basic.get queue=q => delivery_tag=2 body="a"
a 1 does basic.get queue=q => delivery_tag=3 body="b"
clock +200ms
a 1 > basic.nack multiple requeue
clock +1ms
a 1 does queue.declare queue=q passive => message_count=2
clock +98ms
a 1 does queue.declare queue=q passive => message_count=2
clock +1ms
a 1 does queue.declare queue=q passive => message_count=1
a closes

scene "A start does not prolong a life, and counts the time in between"
broker durable
a connects
a opens 1
a 1 does queue.declare queue=dead durable
a 1 does queue.declare queue=q durable arguments={x-dead-letter-exchange: "", x-dead-letter-routing-key: "dead"}
a 1 > basic.publish routing_key=q body="stays" persistent
a 1 > basic.publish routing_key=q body="goes" persistent expiration="1000"
clock +600ms
blackout
a connects
a opens 1
a 1 does queue.declare queue=q passive => message_count=2
clock +399ms
a 1 does queue.declare queue=q passive => message_count=2
clock +1ms
a 1 does queue.declare queue=q passive => message_count=1
a 1 does basic.get queue=dead no_ack => body="goes" headers~{x-first-death-reason: "expired"}
a closes

scene "Room in a queue that is full comes back at that moment"
broker durable
a connects
a opens 1
a 1 does confirm.select
a 1 does queue.declare queue=q arguments={x-max-length: 2, x-overflow: "reject-publish"}
a 1 > basic.publish routing_key=q body="stays"
a 1 > basic.publish routing_key=q body="goes" expiration="100"
a 1 confirmed 1..2
a 1 > basic.publish routing_key=q body="too many"
a 1 < basic.nack delivery_tag=3
clock +100ms
a 1 > basic.publish routing_key=q body="has room"
a 1 confirmed 4
a closes
