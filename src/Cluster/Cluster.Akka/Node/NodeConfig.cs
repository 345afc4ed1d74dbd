using Akka.Configuration;
using Akka.Persistence.Sql;
using Lambda.Cluster.Actors.Customers;
using Lambda.Cluster.Actors.Messages;

namespace Lambda.Cluster.Actors.Node;

/// <summary>The settings of the actor system that are not Akka's defaults, each with its reason.</summary>
internal static class NodeConfig
{
    public static Config Of(NodeOptions options) => ConfigurationFactory.ParseString($$"""
        {{SmallMailbox.Hocon}}
        {{InlineDispatcher.Hocon}}
        {{ClusterSerializer.Hocon}}
        akka {
          loglevel = INFO
          stdout-loglevel = OFF # standard output is for `ready URL`
          log-dead-letters = off # reads of a lost partition end there; who asked is told by time
          log-dead-letters-during-shutdown = off
          actor {
            # A message is a checkpoint's worth of customers at most; what a customer does is short.
            default-dispatcher.throughput = 64
          }
          remote.watch-failure-detector.acceptable-heartbeat-pause = 5 s
          remote.dot-netty.tcp {
            maximum-frame-size = 16 MiB # a batch of reads, a list of differing customers
            send-buffer-size = 4 MiB
            receive-buffer-size = 4 MiB
          }
          cluster {
            # A node is called lost after about 5 s of silence and downed 3 s later. Leases fence what it might still write, so nothing waits longer than the
            # decision itself needs.
            failure-detector {
              heartbeat-interval = 1 s
              acceptable-heartbeat-pause = 4 s
              threshold = 10
            }
            split-brain-resolver {
              stable-after = 3 s
              down-all-when-unstable = 10 s
            }
            down-removal-margin = 1 s
            # Members are few: news may go round quicker than once a second. Joining, leaving and a lost node each wait for several rounds.
            gossip-interval = 250 ms
            leader-actions-interval = 250 ms
            unreachable-nodes-reaper-interval = 500 ms
            singleton.hand-over-retry-interval = 500 ms
            singleton-proxy.singleton-identification-interval = 500 ms
            sharding {
              # Remembered in the memory of the cluster only: after all nodes have stopped, the node that watches the partitions wakes them.
              remember-entities-store = ddata
              distributed-data.durable.keys = []
              # Of three nodes two are a majority: with the default of 5 a lost node would have to be waited for.
              distributed-data.majority-min-cap = 1
              retry-interval = 500 ms
              coordinator-failure-backoff = 1 s
              waiting-for-state-timeout = 2 s
              updating-state-timeout = 2 s
              entity-restart-backoff = 500 ms
              shard-failure-backoff = 1 s
              handoff-timeout = 10 s # a move under way to or from a node that is lost holds up others for so long
              rebalance-interval = 2 s
              least-shard-allocation-strategy {
                rebalance-absolute-limit = 2
                rebalance-relative-limit = 0.5
              }
            }
          }
          coordinated-shutdown {
            exit-clr = off # the host ends the process
            run-by-actor-system-terminate = off
            run-by-clr-shutdown-hook = off # signals are the host's
            phases.cluster-sharding-shutdown-region.timeout = 30 s # drain and checkpoint
            phases.cluster-exiting.timeout = 3 s # all nodes at once: the last has nobody left to tell
          }
          persistence {
            journal {
              plugin = "akka.persistence.journal.sql"
              sql {
                class = "Akka.Persistence.Sql.Journal.SqlWriteJournal, Akka.Persistence.Sql"
                connection-string = {{Quoted(options.Postgres)}}
                provider-name = "PostgreSQL.15"
                auto-initialize = on
                default.schema-name = public
                default.journal.table-name = lambda_run_journal
                default.metadata.table-name = lambda_run_journal_metadata
                default.tag.table-name = lambda_run_journal_tags
              }
            }
          }
        }
        """).WithFallback(SqlPersistence.DefaultConfiguration);

    private static string Quoted(string text) => System.Text.Json.JsonSerializer.Serialize(text, TextJson.Default.String);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class TextJson : System.Text.Json.Serialization.JsonSerializerContext;
