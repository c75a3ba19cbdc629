# Arguments of queues that mean something on RabbitMQ's quorum queues or in its clusters: they are
# checked as there, and kept.

scene "x-dead-letter-strategy is one of two"
a connects
a opens 1
a 1 does queue.declare queue=most durable arguments={x-queue-type: "quorum", x-dead-letter-strategy: "at-most-once"}
a 1 does queue.declare queue=least durable arguments={x-queue-type: "quorum", x-dead-letter-strategy: "at-least-once"}
a 1 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-dead-letter-strategy: "twice"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-strategy' for queue 'q' in vhost '/': invalid_dlx_strategy" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-dead-letter-strategy: 1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-strategy' for queue 'q' in vhost '/': {unacceptable_type,signedint}" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-dead-letter-strategy: "at-least-once"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-strategy' for queue 'q' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a closes

scene "x-consumer-disconnected-timeout is a number, of quorum queues"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-consumer-disconnected-timeout: 60000}
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-consumer-disconnected-timeout: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-disconnected-timeout' for queue 'r' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-consumer-disconnected-timeout: "1m"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-disconnected-timeout' for queue 'r' in vhost '/': \"expected integer, got longstr\"" queue.declare
a opens 1
a 1 > queue.declare queue=r arguments={x-consumer-disconnected-timeout: 60000}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-consumer-disconnected-timeout' for queue 'r' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a closes

scene "x-queue-leader-locator is one that is known"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-queue-leader-locator: "client-local"}
a 1 does queue.declare queue=r durable arguments={x-queue-type: "quorum", x-queue-leader-locator: "balanced"}
a 1 > queue.declare queue=s arguments={x-queue-leader-locator: "nearby"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-leader-locator' for queue 's' in vhost '/': invalid_queue_locator_arg" queue.declare
a closes

scene "x-queue-version is 1 or 2, of classic queues"
a connects
a opens 1
a 1 does queue.declare queue=q1 arguments={x-queue-version: 1}
a 1 does queue.declare queue=q2 arguments={x-queue-version: 2}
a 1 > queue.declare queue=q arguments={x-queue-version: 3}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'q' in vhost '/': \"unsupported queue version '3'\"" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-version: 0}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'q' in vhost '/': \"unsupported queue version '0'\"" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-version: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-version: "2"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'q' in vhost '/': \"expected integer, got longstr\"" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-queue-version: 2}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-version' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue" queue.declare
a closes

scene "What a cluster would need of a quorum queue is checked: sizes of groups, memory"
a connects
a opens 1
a 1 does queue.declare queue=q durable arguments={x-queue-type: "quorum", x-quorum-initial-group-size: 3, x-max-in-memory-length: 0, x-max-in-memory-bytes: 1000, x-member-placement-tag: "a"}
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-quorum-initial-group-size: 0}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-quorum-initial-group-size' for queue 'r' in vhost '/': {value_zero,0}" queue.declare
a opens 1
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-quorum-initial-group-size: -3}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-quorum-initial-group-size' for queue 'r' in vhost '/': {value_negative,-3}" queue.declare
a opens 1
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-quorum-initial-group-size: true}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-quorum-initial-group-size' for queue 'r' in vhost '/': \"expected integer, got bool\"" queue.declare
a opens 1
a 1 > queue.declare queue=r arguments={x-quorum-initial-group-size: 3}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-quorum-initial-group-size' for queue 'r' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a opens 1
a 1 > queue.declare queue=r durable arguments={x-queue-type: "quorum", x-max-in-memory-bytes: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-in-memory-bytes' for queue 'r' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=r arguments={x-max-in-memory-length: 5}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-in-memory-length' for queue 'r' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a closes

scene "What is for streams is for no other queue"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-max-age: "1D"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-age' for queue 'q' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a opens 1
a 1 > queue.declare queue=q durable arguments={x-queue-type: "quorum", x-stream-max-segment-size-bytes: 1000}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-stream-max-segment-size-bytes' for queue 'q' in vhost '/' of queue type rabbit_quorum_queue" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-initial-cluster-size: 3, x-stream-filter-size-bytes: 16}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-initial-cluster-size' for queue 'q' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a closes

scene "Where several things are wrong: the type, then what it takes, then what it does not take"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-expires: 0, x-queue-type: "other"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-queue-type' for queue 'q' in vhost '/': \"unsupported queue type 'other'\"" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-dead-letter-strategy: "twice", x-max-length: -1}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-max-length' for queue 'q' in vhost '/': {value_negative,-1}" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-max-age: 5, x-dead-letter-strategy: "twice"}
a 1 refused 406 "PRECONDITION_FAILED - invalid arg 'x-dead-letter-strategy' for queue 'q' in vhost '/' of queue type rabbit_classic_queue" queue.declare
a closes

scene "A quorum queue is durable, for everybody, stays, and has a name"
a connects
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-type: "quorum"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'non-durable' for queue 'q' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue=q durable exclusive arguments={x-queue-type: "quorum"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'exclusive-owner' for queue 'q' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue=q durable exclusive auto_delete arguments={x-queue-type: "quorum"}
a 1 refused 406 "PRECONDITION_FAILED - invalid property 'auto-delete' for queue 'q' in vhost '/'" queue.declare
a opens 1
a 1 > queue.declare queue="" durable arguments={x-queue-type: "quorum"}
a 1 refused 406 "PRECONDITION_FAILED - Cannot declare a server-named queue for type rabbit_quorum_queue" queue.declare
a closes

scene "What has no effect here is compared all the same"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-queue-mode: "lazy"}
a 1 > queue.declare queue=q
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-queue-mode' for queue 'q' in vhost '/': received none but current is the value 'lazy' of type 'longstr'" queue.declare
a opens 1
a 1 > queue.declare queue=q arguments={x-queue-mode: "lazy", x-queue-version: 2}
a 1 refused 406 "PRECONDITION_FAILED - inequivalent arg 'x-queue-version' for queue 'q' in vhost '/': received the value '2' of type 'signedint' but current is none" queue.declare
a closes

scene "What is not known is kept, and not looked at"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-unheard-of: "anything", plain: 1}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=q arguments={x-unheard-of: 5}
a closes
