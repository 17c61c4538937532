# One line per target; `make` alone prints them. The work itself is in scripts/.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help deps run cluster test test-cluster lint format protos bench bench-keys bench-attacks
.PHONY: bench-membership bench-handover bench-join model soak tsan hit-ratio fuzz clean

# What `make deps` installs for: run, test, bench, protos.
PURPOSES ?= run test bench protos
# Passed on: make run ARGS='--memory 2GiB', make bench ARGS='--quick'.
ARGS ?=

SWIFT_SOURCES := Sources Tests Benchmarks Package.swift

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-17s %s\n", $$1, $$2 }' Makefile

deps: ## install the Debian packages that running, testing and measuring need
	@scripts/deps.sh $(PURPOSES)

run: ## build a release and run one node in the foreground (ARGS: flags of `larder serve`)
	@scripts/deps.sh run
	scripts/release.sh larder
	@exec .build/release/larder serve $(ARGS)

cluster: ## an etcd and three nodes as one cache, in the foreground (ARGS: flags of `larder serve`)
	@scripts/deps.sh run cluster
	scripts/release.sh larder
	@exec scripts/cluster.sh $(ARGS)

test: ## every test: Swift, allocation gate, Python and C++ clients
	@scripts/test.sh

test-cluster: ## nodes and an etcd that fail, in all ways and for longer than in `make test`
	@scripts/deps.sh run test
	@scripts/python.sh
	scripts/release.sh larder
	.build-python/bin/python -m pytest Tests/InteropTests -k cluster

lint: ## formatting, generated files up to date, house style; changes nothing
	@scripts/deps.sh protos
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	scripts/protos.sh --check
	scripts/style.py

format: ## format the Swift sources in place
	swift format --in-place --parallel --recursive $(SWIFT_SOURCES)

protos: ## generate what is derived from Protos/
	@scripts/deps.sh protos
	scripts/protos.sh

bench: ## measure beside nghttpd, Redis and memcached, then, without ARGS, all of a migration (ARGS: --help)
	@scripts/deps.sh run bench
	scripts/release.sh larder
	@Benchmarks/run.py $(ARGS)
	$(if $(ARGS),,@$(MAKE) --no-print-directory bench-handover bench-join)

bench-keys: ## measure batches, ten million keys, memory per entry and two threads (ARGS: --only NAME)
	@scripts/deps.sh run bench
	scripts/release.sh larder store-driver
	@Benchmarks/keyspace.py $(ARGS)

bench-attacks: ## measure a good client's p99 while others attack (ARGS: --only NAME, --help)
	@scripts/deps.sh run bench
	scripts/release.sh larder
	@Benchmarks/attacks.py $(ARGS)

bench-membership: ## how soon the nodes of a cluster know of one that joins (ARGS: --nodes N, --rounds N)
	@scripts/deps.sh run test
	@scripts/python.sh
	scripts/release.sh larder
	@.build-python/bin/python Benchmarks/membership.py $(ARGS)

bench-handover: ## what moving a million entries from node to node costs each of them (ARGS: entries)
	@scripts/deps.sh run
	scripts/release.sh handover-driver
	@Benchmarks/handover.py $(ARGS)

bench-join: ## what clients notice of a node that joins, and the bytes it costs (ARGS: --help)
	@scripts/deps.sh run test
	@scripts/python.sh
	scripts/release.sh larder
	@.build-python/bin/python Benchmarks/join.py $(ARGS)

model: ## millions of random operations on the store against a dictionary, each policy (ARGS: number)
	@scripts/deps.sh run
	LARDER_MODEL_OPERATIONS=$(or $(ARGS),5000000) swift test -c release --scratch-path .build-model \
	  -Xswiftc -enable-testing --filter ModelTests

soak: ## ten minutes of values of all sizes; resident memory must stay under the promise (ARGS: seconds)
	@scripts/deps.sh run
	scripts/release.sh store-driver
	@.build/release/store-driver soak $(or $(ARGS),600)

tsan: ## the store's threads under the thread sanitiser (ARGS: seconds)
	@scripts/deps.sh run
	@scripts/tsan.sh $(ARGS)

hit-ratio: ## eviction policies on real traces beside libcachesim (ARGS: --only NAME, --traces DIR)
	@scripts/deps.sh run
	scripts/release.sh larder
	@scripts/hit_ratio.sh $(ARGS)

fuzz: ## look for inputs that break something, a minute a target (ARGS: --seconds N TARGET)
	@scripts/deps.sh run
	@scripts/fuzz.sh $(ARGS)

clean: ## remove everything that was built
	rm -rf .build .build-*
