"""Several gateways of a router: where the answers differ from those of the reference on purpose.

It looks at few of what the documents say, and leaves some steps halfway, against what its API
reference says.
"""

from tests.differential.difference import Difference

GATEWAYS: tuple[Difference, ...] = (
    Difference(
        requests=(
            "gateways/addbare",
            "gateways/adddct2",
            "gateways/addempty",
            "gateways/addipx",
            "gateways/addlist",
            "gateways/addnone",
            "gateways/addnonet",
            "gateways/addnuln",
            "gateways/addnulr",
            "gateways/addnums",
            "gateways/addqosx",
            "gateways/addsnat",
            "gateways/addsnax",
            "gateways/addstr",
            "gateways/addtext",
            "gateways/addunkn",
            "gateways/addunwr",
            "gateways/addword",
            "gateways/rmbad",
            "gateways/rmlist",
            "gateways/rmnobody",
            "gateways/upbad",
            "gateways/upbare",
            "gateways/upnone",
        ),
        why="what is no gateway is refused; the reference makes one of some, answers others with "
        "nothing or what is inside, or fails",
        status=400,
        error="InvalidInput",
    ),
    Difference(
        requests=("gateways/addmore", "gateways/addunk2"),
        why="the documents that were refused have left no gateway",
        like="gateways/addnull",
    ),
    Difference(
        requests=("gateways/rmnone",),
        why="nor is it a fault of the server that there is none",
        status=400,
    ),
    Difference(
        requests=("gateways/ambig", "gateways/ambigup", "gateways/rmnoip", "gateways/rmnonet"),
        why="nor that it cannot be told which one is meant",
        status=400,
    ),
    Difference(
        requests=("gateways/rmsub",),
        why="a subnet tells which one is meant, as the client offers; the reference fails",
        status=200,
        like="gateways/rmzero",
    ),
    Difference(
        requests=("gateways/rmroute",),
        why="routes go over the gateway; the reference looks at them for the first one alone",
        status=400,
        error="InvalidRoutes",
    ),
    Difference(
        requests=("gateways/qgone",),
        why="the routes of a router go with it",
        status=204,
    ),
    Difference(
        requests=("gateways/first", "gateways/firstr"),
        why="another gateway takes the place of the first, as the API says; the reference has "
        "none then",
        like="gateways/add1",
        values=(
            '"10.220.2.43"',
            (
                '{"enable_snat": true, "external_fixed_ips": [{"ip_address": "10.220.2.43", '
                '"subnet_id": "$ext2sub"}], "network_id": "$ext2"}'
            ),
        ),
    ),
    Difference(
        requests=("gateways/several",),
        why="another gateway takes the place of the first",
        like="gateways/add1",
        values=(
            '"10.220.2.44"',
            (
                '{"enable_snat": true, "external_fixed_ips": [{"ip_address": "10.220.2.44", '
                '"subnet_id": "$ext2sub"}], "network_id": "$ext2"}'
            ),
        ),
    ),
    Difference(
        requests=("gateways/cnull",),
        why="another gateway takes the place of the first",
        like="gateways/add1",
        values=('"10.220.2.60"', '"10.220.2.60"'),
    ),
    Difference(
        requests=("gateways/cnull2", "gateways/cgone"),
        why="so that the second time takes the last one away",
        like="gateways/rmzero",
        values=("", "null"),
    ),
    Difference(
        requests=("gateways/dfewer",),
        why="another gateway takes the place of the first",
        like="gateways/add1",
        values=('"$ext2"', '"$ext2"'),
    ),
    Difference(
        requests=("gateways/dback", "gateways/gfirst"),
        why="another gateway takes the place of the first",
        like="gateways/add1",
    ),
    Difference(
        requests=("gateways/dports",),
        why="SNAT ports come with the first gateway, in whatever way that comes",
        names=("", "", "", ""),
        values=(
            (
                '"network:router_centralized_snat", "network:router_gateway", '
                '"network:router_gateway", "network:router_interface_distributed"'
            ),
        ),
    ),
    Difference(
        requests=("gateways/dports2", "gateways/gports"),
        why="SNAT ports are there as long as there is a gateway",
        names=("", "", ""),
        values=(
            (
                '"network:router_centralized_snat", "network:router_gateway", '
                '"network:router_interface_distributed"'
            ),
        ),
    ),
    Difference(
        requests=("gateways/uporder",),
        why="gateways that change their order keep their ports; the reference makes new ones",
        values=(
            '"10.220.0.50", "10.220.2.50"',
            (
                '{"enable_snat": true, "external_fixed_ips": [{"ip_address": "10.220.2.50", '
                '"subnet_id": "$ext2sub"}], "network_id": "$ext2"}'
            ),
        ),
    ),
    Difference(
        requests=("gateways/upsnat",),
        why="so they have the addresses that they had",
        values=(
            '"10.220.0.50", "10.220.2.50"',
            (
                '{"enable_snat": false, "external_fixed_ips": [{"ip_address": "10.220.2.50", '
                '"subnet_id": "$ext2sub"}], "network_id": "$ext2"}'
            ),
        ),
    ),
    Difference(
        requests=("gateways/upips",),
        why="so they have the addresses that they had",
        values=(
            '"10.220.0.50", "10.220.2.50", "10.220.2.51"',
            (
                '{"enable_snat": true, "external_fixed_ips": [{"ip_address": "10.220.2.50", '
                '"subnet_id": "$ext2sub"}, {"ip_address": "10.220.2.51", '
                '"subnet_id": "$ext2sub"}], "network_id": "$ext2"}'
            ),
        ),
    ),
    Difference(
        requests=("gateways/updup",),
        why="as many as there are of a network are all of them",
        status=200,
        like="gateways/add1",
        values=('"10.220.0.53", "10.220.0.58"',),
    ),
    Difference(
        requests=("gateways/twins",),
        why="two are two, though they are on one network",
        values=('"$ext", "$ext"',),
    ),
    Difference(
        requests=("gateways/ffirst",),
        why="floating IPs of another network do not hold a gateway, as they do not hold one that "
        "is not the first",
        status=200,
        like="gateways/add1",
        values=('"$ext2"',),
    ),
    Difference(
        requests=("gateways/fnull", "gateways/fback2"),
        why="floating IPs of another network do not hold a gateway",
        status=200,
        like="gateways/add1",
        values=('"$ext2"',),
    ),
)
