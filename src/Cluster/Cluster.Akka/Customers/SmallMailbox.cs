using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Lambda.Cluster.Actors.Customers;

/// <summary>
/// The mailbox of customers. The default one is built on ConcurrentQueue, which costs about a kilobyte before the first message; a million idle
/// customers hold nothing here but this object.
/// </summary>
public sealed class SmallMailbox(Settings settings, Config config) : MailboxType(settings, config), IProducesMessageQueue<SmallMailbox.SmallQueue>
{
    public const string ConfigPath = "lambda.customer-mailbox";

    public static string Hocon => $"{ConfigPath}.mailbox-type = \"{typeof(SmallMailbox).FullName}, {typeof(SmallMailbox).Assembly.GetName().Name}\"";

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new SmallQueue();

    /// <summary>Many tell, one takes: a lock is held for an assignment only. One message needs no list.</summary>
    public sealed class SmallQueue : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        private Queue<Envelope>? _more;
        private Envelope _first;
        private bool _hasFirst;

        public bool HasMessages => Volatile.Read(ref _hasFirst);

        public int Count
        {
            get { lock (this) return (_hasFirst ? 1 : 0) + (_more?.Count ?? 0); }
        }

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            lock (this)
            {
                if (_hasFirst) (_more ??= new Queue<Envelope>(2)).Enqueue(envelope);
                else (_first, _hasFirst) = (envelope, true);
            }
        }

        public bool TryDequeue(out Envelope envelope)
        {
            lock (this)
            {
                envelope = _first;
                if (!_hasFirst) return false;
                if (_more is { Count: > 0 }) _first = _more.Dequeue();
                else (_first, _hasFirst, _more) = (default, false, null);
                return true;
            }
        }

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            while (TryDequeue(out var envelope)) deadletters.Enqueue(owner, envelope);
        }
    }
}
