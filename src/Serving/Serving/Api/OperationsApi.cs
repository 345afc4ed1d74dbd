using System.Text.Json;
using Lambda.Serving.Http;
using Lambda.Serving.Json;
using Lambda.Serving.Ports;
using Lambda.Serving.Security;
using Microsoft.AspNetCore.Http;

namespace Lambda.Serving.Api;

/// <summary>What operators look at and do: nodes, partitions, lag, epochs, checkpoints.</summary>
internal static class OperationsApi
{
    public static readonly Operation Nodes = new("GET", "/v1/admin/nodes", "listNodes", "The nodes and the partitions each owns", NodesAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The nodes.", "Nodes")],
    };

    public static readonly Operation DrainNode = new("POST", "/v1/admin/nodes/{node}/drain", "drainNode", "Make a node hand over its partitions and leave", DrainAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "Answers when the partitions are served by others. Nothing is lost by a node that just dies; draining spares its readers the wait.",
        Parameters = [new Parameter("node", ParameterPlace.Path, "string", "Name of the node, percent-encoded.")],
        Replies =
        [
            new Reply(200, "It has left.", "Drained"),
            Reply.Problem(404, "No such node."),
            Reply.Problem(409, "There is no other node that could take over."),
        ],
    };

    public static readonly Operation Partitions = new("GET", "/v1/admin/partitions", "listPartitions", "The partitions: owner, state, offsets", PartitionsAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The partitions.", "Partitions")],
    };

    public static readonly Operation Lag = new("GET", "/v1/admin/lag", "getLag", "Records that wait, by partition and in all", LagAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Detail = "`to_fold`: appended, not yet in answers. `to_sink`: not yet in the warehouse. `to_checkpoint`: what a recovery would read again.",
        Replies = [new Reply(200, "The lag.", "Lag")],
    };

    public static readonly Operation Epochs = new("GET", "/v1/admin/epochs", "getEpochs", "Where every partition stands between batch and speed", EpochsAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.No,
        Replies = [new Reply(200, "The epochs.", "Epochs")],
    };

    public static readonly Operation Checkpoint = new("POST", "/v1/admin/checkpoint", "checkpoint", "Write checkpoints now", CheckpointAsync)
    {
        Access = Access.For(Roles.Sre),
        Audited = Audited.Change,
        Detail = "Answers when everything that was applied is in a durable checkpoint.",
        Parameters = [new Parameter("partition", ParameterPlace.Query, "integer", "Only this one; default all.")],
        Replies = [new Reply(200, "They are written.", "Checkpoints"), Reply.Problem(400, "A parameter is wrong."), Reply.Problem(503, "A partition has stopped, or it took too long.")],
    };

    private static async Task NodesAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var nodes = await state.Parts.Operations.NodesAsync(context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.Write(to, nodes));
    }

    private static async Task DrainAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var node = (string)context.Request.RouteValues["node"]!;
        var drain = await state.Parts.Operations.DrainAsync(node, context.RequestAborted);
        await (drain switch
        {
            Drain.Done done => JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.Write(to, node, done)),
            Drain.UnknownNode no => new Problem(StatusCodes.Status404NotFound, "unknown-node", $"no node is named `{node}`; there are: {string.Join(", ", no.Known)}").WriteAsync(context),
            Drain.NotPossible no => new Problem(StatusCodes.Status409Conflict, "drain-not-possible", no.Reason).WriteAsync(context),
            _ => throw new InvalidOperationException($"unknown drain {drain}"),
        });
    }

    private static async Task PartitionsAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var owners = (await state.Parts.Operations.NodesAsync(context.RequestAborted)).SelectMany(n => n.Partitions.Select(p => (p, n.Node))).ToLookup(o => o.p, o => o.Node);
        var partitions = state.Parts.Status.Now().Partitions;
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.Write(to, partitions, p => owners[p].FirstOrDefault()));
    }

    private static Task LagAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var partitions = state.Parts.Status.Now().Partitions;
        return JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.WriteLag(to, partitions));
    }

    private static async Task EpochsAsync(HttpContext context, ApiState state)
    {
        _ = new Query(context);
        var epochs = await state.Parts.Operations.EpochsAsync(context.RequestAborted);
        var (served, next) = (state.Parts.Status.Now(), state.Parts.Definitions.Next?.Hash);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.Write(to, served, next, epochs));
    }

    private static async Task CheckpointAsync(HttpContext context, ApiState state)
    {
        var (status, operations) = (state.Parts.Status, state.Parts.Operations);
        var partition = new Query(context, "partition").Int("partition", -1, 0, status.Partitions - 1);
        var written = await operations.CheckpointAsync(partition < 0 ? null : partition, context.RequestAborted);
        await JsonResponse.WriteAsync(context, StatusCodes.Status200OK, to => OperationsJson.Write(to, written));
    }
}
