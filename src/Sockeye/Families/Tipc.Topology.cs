namespace Sockeye;

/// <summary>What programs and TIPC's topology server say to each other: struct tipc_subscr and tipc_event, &lt;linux/tipc.h&gt;.</summary>
public static class TipcTopology
{
    /// <summary>TIPC_CFG_SRV: the service type of a node's configuration.</summary>
    public const uint ConfigurationService = 0;

    /// <summary>TIPC_TOP_SRV: the service type that subscriptions are sent to.</summary>
    public const uint TopologyService = 1;

    /// <summary>TIPC_PUBLISHED: an event: a service has appeared.</summary>
    public const int Published = 1;

    /// <summary>TIPC_WITHDRAWN: an event: a service has gone.</summary>
    public const int Withdrawn = 2;

    /// <summary>TIPC_SUBSCR_TIMEOUT: an event: the subscription's time is over.</summary>
    public const int SubscriptionTimeout = 3;

    /// <summary>TIPC_SUB_PORTS: a flag: an event for each socket.</summary>
    public const int SubscribePorts = 0x1;

    /// <summary>TIPC_SUB_SERVICE: a flag: an event for the first socket and the last.</summary>
    public const int SubscribeService = 0x2;

    /// <summary>TIPC_SUB_CANCEL: a flag: ends a subscription.</summary>
    public const int SubscribeCancel = 0x4;

    /// <summary>TIPC_WAIT_FOREVER: the time of a subscription without an end.</summary>
    public const int WaitForever = -1;
}
