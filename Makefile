# Leveret: one Makefile, not recursive. `make help` lists the targets.

CC      ?= gcc
BUILD   ?= build
FLOORS  := base amqp persistence queue exchange broker $(if $(wildcard management/*.c),management) server
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
HARDEN  := -fstack-protector-strong -fstack-clash-protection -fcf-protection
OPT     ?= -O2 -g -D_FORTIFY_SOURCE=2
SAN     ?=
# The broker is optimised as a whole; tests link the same objects the plain, faster way.
LTO     ?= $(if $(findstring clang,$(CC)),,-flto=auto -ffat-lto-objects)
CFLAGS_ALL = -std=gnu17 -D_GNU_SOURCE -I. -MMD -MP -fPIE $(OPT) $(WARN) $(HARDEN) $(SAN) $(CFLAGS)
LDFLAGS_ALL = -pie -Wl,-z,relro,-z,now $(SAN) $(or $(LINK_WHOLE),-fno-lto) $(LDFLAGS)
LIBS    := -lev -ljansson -lhttp_parser -lpcre2-8 -lssl -lcrypto -lpthread -lm
CHECK_LIBS = $(shell pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lrt) -lrabbitmq

SRC     := $(filter-out server/main.c,$(foreach f,$(FLOORS),$(wildcard $(f)/*.c)))
OBJ     := $(SRC:%.c=$(BUILD)/obj/%.o)
LIB     := $(BUILD)/libleveret.a
UNIT    := $(wildcard tests/unit/*/*.c) tests/unit/main.c
SIMLIB  := $(filter-out tests/sim/main.c,$(wildcard tests/sim/*.c))
STORIES := $(wildcard tests/stories/*.story)
PARSERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
objs     = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

.PHONY: all help check rules unit stories sim corpus test run deps fuzz asan tsan analyze cover \
        compat compat-mutants siege hostile interop interop-debian kill tls server-tests examples memory bench fresh format clean fuzzers \
        fuzz-programs programs models nightly contract evidence deb ui connectors
.SECONDARY:

all: $(BUILD)/leveret $(BUILD)/leveretctl $(BUILD)/leveret-perf $(BUILD)/leveret-migrate \
     $(BUILD)/bin $(BUILD)/commands.md

help:
	@echo "make            build leveret, leveretctl, -perf and -migrate in $(BUILD)"
	@echo "make run        install what is missing, build, run a broker in the foreground (./data)"
	@echo "make test       install what is missing, build, run everything deterministic"
	@echo "make check      what every edit needs: build, rules, unit tests, stories, corpus"
	@echo "make sim        crash at every write, seeded (SEED=1 SEEDS=4 SLICE=1)"
	@echo "make examples   the programs of examples/, small, while all of it is killed"
	@echo "make fuzz       each parser for FUZZ_SECONDS=30 (clang)"
	@echo "make asan tsan  the checks, and the broker at work, under sanitizers"
	@echo "make analyze    clang-tidy and cppcheck;  make cover: coverage"
	@echo "make compat     the stories against real RabbitMQs, 3.10 and 4.0 (root, ten minutes)"
	@echo "make compat-mutants  that each row of docs/compatibility.md has a test that notices"
	@echo "make hostile    hostile input over sockets;  make siege: good clients and memory meanwhile"
	@echo "make interop    every stock client, the newest of each;  make interop-debian: Debian's, npm's"
	@echo "make connectors stock connectors of Flink, Debezium, Storm and Kafka Connect, under kills"
	@echo "make kill       kill -9 under load (FULL=1: the long run)"
	@echo "make contract   what an engine of the log has to do: files, simulated disk, a trial over Kafka"
	@echo "make models     the rules of recovery and of giving up segments, every state tried (spin)"
	@echo "make nightly    what takes long: models, whole simulator, long kills, fuzzing"
	@echo "make evidence   MINUTES=30 of long runs, on from where the last one stopped (docs/evidence.md)"
	@echo "make bench      throughput on this machine;  make fresh: run and test in an empty Debian"
	@echo "make ui         the web UI in a browser; pictures of its pages in $(BUILD)/ui/pictures"
	@echo "make deb        the Debian package: programs, unit, configuration, manual pages"

$(BUILD)/leveret: LINK_WHOLE = $(if $(LTO),$(LTO) $(OPT))
$(OBJ) $(BUILD)/obj/server/main.o: CFLAGS_ALL += $(LTO)
# What each message goes through is made fast, the rest small.
FAST    := amqp base exchange queue broker
$(foreach f,$(FAST),$(filter $(BUILD)/obj/$f/%,$(OBJ))): CFLAGS_ALL += $(if $(filter -O2,$(OPT)),-O3)

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS_ALL) -c $< -o $@

$(BUILD)/ui/assets.S: tools/assets.sh $(shell find management/ui -type f)
	@mkdir -p $(@D)
	@sh tools/assets.sh $@

$(BUILD)/obj/assets.o: $(BUILD)/ui/assets.S
	@mkdir -p $(@D)
	@$(CC) -c $< -o $@

$(LIB): $(OBJ) $(BUILD)/obj/assets.o
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/leveret: $(BUILD)/obj/server/main.o $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

CTL     := $(wildcard tools/*.c)

# Without libraries that it does not need it starts in a millisecond.
$(BUILD)/leveretctl: $(call objs,$(CTL)) $(LIB)
	$(CC) $(LDFLAGS_ALL) -Wl,--as-needed $^ $(LIBS) -o $@

# RabbitMQ's names for it, beside those of an installed RabbitMQ.
NAMES := rabbitmqctl $(addprefix rabbitmq-,diagnostics plugins queues upgrade)

$(BUILD)/bin: $(BUILD)/leveretctl
	@mkdir -p $@
	@for name in $(NAMES); do ln -sf ../leveretctl $@/$$name; done

# A page that is made from the tables, and kept.
$(BUILD)/commands.md: $(BUILD)/man
	@$(BUILD)/man commands.md > $@
	@cmp -s $@ docs/commands.md || cp $@ docs/commands.md

$(BUILD)/leveret-perf: $(call objs,$(wildcard tools/perf/*.c))
	$(CC) $(LDFLAGS_ALL) $^ -lrabbitmq -lpthread -o $@

$(BUILD)/leveret-migrate: $(call objs,$(wildcard tools/migrate/*.c))
	$(CC) $(LDFLAGS_ALL) $^ -lrabbitmq -o $@

$(BUILD)/man: $(call objs,tools/man/man.c)
	$(CC) $(LDFLAGS_ALL) $^ -o $@

ui: all
	@sh tests/ui/run.sh

deb: all $(BUILD)/man
	@sh tools/deb.sh

$(BUILD)/unit: $(call objs,$(UNIT) $(SIMLIB)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(CHECK_LIBS) $(LIBS) -o $@

$(BUILD)/stories: $(call objs,$(wildcard tests/stories/*.c) tests/wire/wire.c $(SIMLIB)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(BUILD)/sim: $(call objs,$(wildcard tests/sim/*.c)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(BUILD)/contract: $(call objs,$(wildcard tests/contract/*.c) $(SIMLIB)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ -lrdkafka $(LIBS) -o $@

FLOOD := $(patsubst %,tests/bench/%.c,flood bench options scene publisher consumer figures)

$(BUILD)/flood: $(call objs,$(FLOOD) tests/wire/wire.c) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(BUILD)/churn $(BUILD)/declare $(BUILD)/disk $(BUILD)/first $(BUILD)/attach $(BUILD)/bare \
$(BUILD)/loopback $(BUILD)/probe $(BUILD)/relay $(BUILD)/remove: \
$(BUILD)/%: $(call objs,tests/bench/bench.c tests/wire/wire.c) $(BUILD)/obj/tests/bench/%.o $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -lpthread -o $@

$(BUILD)/idle $(BUILD)/storm: $(BUILD)/%: $(BUILD)/obj/tests/bench/%.o $(BUILD)/obj/tests/wire/wire.o $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(BUILD)/siege: $(call objs,$(wildcard tests/hostile/*.c) tests/wire/wire.c) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

$(BUILD)/kill $(BUILD)/tx $(BUILD)/moves $(BUILD)/again $(BUILD)/streams $(BUILD)/replays: \
$(BUILD)/%: $(BUILD)/obj/tests/kill/%.o $(call objs,tests/kill/harness.c tests/wire/wire.c) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -lpthread -o $@

SHIMS := $(patsubst %,$(BUILD)/%.so,slow_sync lossy_disk rough_disk aimed)

$(BUILD)/%.so: tests/kill/%.c
	@mkdir -p $(@D)
	gcc -std=gnu17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -shared -fPIC $< -o $@ -ldl -lpthread

$(BUILD)/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/replay_main.o $(call objs,$(SIMLIB)) $(LIB)
	$(CC) $(LDFLAGS_ALL) $^ $(LIBS) -o $@

# ---- what every edit needs ----

check: all rules unit stories corpus

rules:
	@sh tools/stairs.sh
	@sh tools/house.sh
	@/usr/bin/python3 tests/mutants/run.py --fits
	@echo "passed 3 failed 0 rules"

unit: $(BUILD)/unit
	$(BUILD)/unit

stories: $(BUILD)/stories
	$(BUILD)/stories $(STORIES)
	$(BUILD)/stories --split $(STORIES)
	$(BUILD)/stories --join $(STORIES)

corpus: $(PARSERS:%=$(BUILD)/replay_%)
	@for p in $(PARSERS); do $(BUILD)/replay_$$p tests/fuzz/corpus/$$p || exit 1; done

sim: $(BUILD)/sim
	$(BUILD)/sim --seed $(or $(SEED),1) --seeds $(or $(SEEDS),4) $(if $(SLICE),--slice)

# What is freed is watched for 16 MB long: more makes each test's process slow to begin and to end.
asan: export ASAN_OPTIONS = quarantine_size_mb=16
asan:
	$(MAKE) BUILD=build-asan LTO= OPT="-O1 -g" SAN="-fsanitize=address,undefined -fno-sanitize-recover=undefined" check sim SLICE=1 SEEDS=1

# Threads are the whole program's: unit tests have none.
RACES := $(CURDIR)/build-tsan/races
tsan: export TSAN_OPTIONS = log_path=$(RACES) exitcode=66
tsan:
	$(MAKE) BUILD=build-tsan LTO= OPT="-O1 -g" SAN="-fsanitize=thread" all
	@rm -f $(RACES).*
	@for t in web door backup definitions ctl perf; do \
	  BUILD=build-tsan tests/server/$$t.sh || exit 1; done
	@! cat $(RACES).* 2> /dev/null
	@echo "passed 1 failed 0 races"

# ---- the two commands ----

deps:
	@sh tools/deps.sh

run:
	@sh tools/deps.sh --build-only
	@$(MAKE) --no-print-directory all
	@sh tools/run.sh

test:
	@sh tools/deps.sh
	@sh tools/test.sh

# ---- as needed ----

# What is fuzzed is compiled once, by clang, and linked to each target.
FUZZ_SAN := address,undefined -fno-sanitize-recover=undefined

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(call objs,$(SIMLIB)) $(LIB)
	clang -fsanitize=fuzzer,$(FUZZ_SAN) $^ $(LIBS) -o $@

fuzzers: $(PARSERS:%=$(BUILD)/fuzz_%)

fuzz-programs:
	$(MAKE) BUILD=build-fuzz CC=clang OPT="-O1 -g" SAN="-fsanitize=fuzzer-no-link,$(FUZZ_SAN)" fuzzers

fuzz: fuzz-programs
	@for p in $(PARSERS); do mkdir -p build-fuzz/found/$$p; \
	  build-fuzz/fuzz_$$p -max_total_time=$(or $(FUZZ_SECONDS),30) -timeout=10 -rss_limit_mb=2048 \
	    -print_final_stats=1 -artifact_prefix=build-fuzz/ build-fuzz/found/$$p tests/fuzz/corpus/$$p \
	    > build-fuzz/$$p.log 2>&1 || { tail -40 build-fuzz/$$p.log; exit 1; }; \
	  grep -E 'stat::number_of_executed_units|stat::peak_rss' build-fuzz/$$p.log | sed "s/^/$$p /"; done

analyze:
	@sh tools/analyze.sh

cover:
	$(MAKE) BUILD=build-cover LTO= OPT="-O0 -g --coverage" LDFLAGS=--coverage all unit stories
	gcovr -r . --object-directory build-cover --exclude tests/ -s -o build-cover/coverage.txt

# Each of the commands runs whatever became of those before it.
interop: all
	@code=0; tests/interop/run.sh || code=1; \
	  tests/interop/run.sh go_newest recover_celery recover_go recover_spring || code=1; \
	  tests/interop/run.sh rabbitmqadmin2 rabbit_hole telegraf hop nagios flower || code=1; \
	  tests/interop/suites/run.sh --write || code=1; \
	  tests/interop/matrix/run.sh --write || code=1; exit $$code

interop-debian: all
	@code=0; tests/interop/run.sh || code=1; tests/interop/matrix/run.sh --fixed || code=1; exit $$code

connectors: all
	@tests/connectors/run.py

kill: all $(BUILD)/kill $(BUILD)/tx $(BUILD)/moves $(BUILD)/again $(BUILD)/streams $(BUILD)/replays $(SHIMS)
	tests/kill/run.sh

contract: $(BUILD)/contract
	$(BUILD)/contract

models:
	@tests/models/run.sh

nightly:
	$(MAKE) models
	$(MAKE) sim SEEDS=20
	FULL=1 $(MAKE) kill
	$(MAKE) fuzz FUZZ_SECONDS=300

evidence: programs $(BUILD)/sim
	@tools/evidence.py

tls: all
	@sh tests/tls/certificates.sh $(BUILD)/certificates
	@tests/tls/tls_test.py $(BUILD)/leveret $(BUILD)/certificates

hostile: all $(BUILD)/stories
	@sh tests/hostile/run.sh

compat: all $(BUILD)/stories
	@tests/compat/run.sh
	@/usr/bin/python3 tests/compat/definitions.py $(BUILD) $(or $(PORT),5890)
	@/usr/bin/python3 tests/compat/migrate.py $(BUILD) $(or $(PORT),5890)

compat-mutants:
	@/usr/bin/python3 tests/mutants/run.py

siege: all $(BUILD)/stories $(BUILD)/siege
	@sh tests/hostile/siege.sh

examples:
	@sh tools/deps.sh --examples
	@$(MAKE) --no-print-directory all
	@tests/examples/run.sh

server-tests: all $(BUILD)/siege $(BUILD)/man
	@for t in tests/server/*.sh; do $$t || exit 1; done

memory: all $(BUILD)/declare $(BUILD)/flood $(BUILD)/idle
	@sh tests/bench/memory.sh

BENCHES := $(patsubst %,$(BUILD)/%,flood idle storm churn declare disk first attach bare loopback probe relay remove)

bench: all $(BENCHES)
	@sh tests/bench/run.sh

programs: all $(BENCHES) $(BUILD)/kill $(BUILD)/tx $(BUILD)/moves $(BUILD)/again $(BUILD)/streams $(BUILD)/replays $(SHIMS)

fresh:
	@sh tools/fresh.sh

format:
	clang-format -i $(foreach f,$(FLOORS) tests/unit tests/sim tests/stories tests/fuzz,$(shell find $(f) -name '*.[ch]'))

clean:
	rm -rf build build-asan build-tsan build-fuzz build-cover

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
