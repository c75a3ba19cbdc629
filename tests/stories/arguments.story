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

scene "What is not known is kept, and not looked at"
a connects
a opens 1
a 1 does queue.declare queue=q arguments={x-unheard-of: "anything", plain: 1}
a 1 does queue.declare queue=q
a 1 does queue.declare queue=q arguments={x-unheard-of: 5}
a closes
