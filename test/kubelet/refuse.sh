#!/bin/sh
# A CNI plugin, the last of the list: it refuses the network to pods named refused.
case $CNI_COMMAND,$CNI_ARGS in
VERSION,*) echo '{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}' ;;
ADD,*K8S_POD_NAME=refused-*)
	echo '{"cniVersion": "1.0.0", "code": 100, "msg": "this pod has no network"}'
	exit 1
	;;
ADD,*) sed 's/.*"prevResult"://; s/,"type":"refuse"}$//' ;; # the result of the plugin before
esac
