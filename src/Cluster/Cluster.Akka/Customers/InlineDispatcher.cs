using Akka.Configuration;
using Akka.Dispatch;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>
/// Runs a customer where it is told something: on its partition's thread, at once. Everything a customer hears comes from its partition, and what it does takes
/// microseconds; handing it to another thread and back would cost more than the work. Partitions are what runs side by side.
/// </summary>
public sealed class InlineDispatcher(Config config, IDispatcherPrerequisites prerequisites) : MessageDispatcherConfigurator(config, prerequisites)
{
    public const string ConfigPath = "lambda.customer-dispatcher";

    private Inline? _dispatcher;

    public static string Hocon => $$"""
        {{ConfigPath}} {
          type = "{{typeof(InlineDispatcher).FullName}}, {{typeof(InlineDispatcher).Assembly.GetName().Name}}"
          throughput = 64
        }
        """;

    public override MessageDispatcher Dispatcher() => _dispatcher ??= new Inline(this);

    /// <remarks>A mailbox runs in one place at a time: who finds it running leaves the message, and it is taken before the mailbox rests.</remarks>
    private sealed class Inline(MessageDispatcherConfigurator configurator) : MessageDispatcher(configurator)
    {
        protected override void ExecuteTask(IRunnable run) => run.Run();

        protected override void Shutdown() { }
    }
}
