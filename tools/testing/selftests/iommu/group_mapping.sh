#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Which IOMMU groups share a DMA mapping: that /sys/kernel/iommu_groups and the
# list in debugfs agree, what the mapping attribute refuses, and, if there is a
# device to spare, that it does what it is told.
#
# group_mapping.sh [DEVICE]: DEVICE, say 0000:00:01.0, must be alone in its group.
# Its driver is unbound for some seconds. Without a device, cases that need one
# are skipped, and nothing is changed.

dir=$(dirname "$(readlink -f "$0")")
# shellcheck disable=SC1091
. "$dir/../kselftest/ktap_helpers.sh"

groups=/sys/kernel/iommu_groups
list=/sys/kernel/debug/iommu/mappings
export LC_ALL=C

EBUSY='Device or resource busy'
EINVAL='Invalid argument'
EPERM='Operation not permitted'

# Prints ok, or the text of the error; of the tools that write, it is dd that
# tells it in every shell
attempt()	# FILE WORD
{
	error=$(echo "$2" | dd of="$1" 2>&1 >/dev/null |
		sed -n "s/.*error writing .*: //p")
	echo "${error:-ok}"
}

is()		# GOT WANTED NAME
{
	if [ "$1" = "$2" ]; then
		ktap_test_pass "$3"
		return
	fi
	ktap_print_msg "got: $1"
	ktap_print_msg "wanted: $2"
	ktap_test_fail "$3"
}

skip()		# NAME WHY
{
	ktap_print_msg "$1: $2"
	ktap_test_skip "$1"
}

mapping()	# GROUP
{
	cat "$groups/$1/mapping"
}

kind()		# GROUP
{
	echo "$(cat "$groups/$1/type") $(mapping "$1")"
}

has_driver()	# GROUP
{
	for dev in "$groups/$1"/devices/*; do
		[ ! -e "$dev/driver" ] || return 0
	done
	return 1
}

# Number, kind, type and users of the mapping that the list has a group in
listed()	# GROUP
{
	awk -v group="$1:" '
		$1 == "mapping" {
			type = $5 == "lazy," ? "DMA-FQ" : "DMA"
			here = $2 " " type " " $3 " " $6
			gsub(/[:,]/, "", here)
		}
		$1 == "group" && $2 == group { print here }' "$list"
}

# ---- whatever the system has ----

test_attributes()
{
	wrong=
	for group in "$groups"/*; do
		group=${group##*/}
		case $(kind "$group") in
		'DMA shared' | 'DMA isolated' | 'DMA-FQ shared' | 'DMA-FQ isolated') ;;
		'DMA driver' | 'DMA-FQ driver') ;;
		'identity none' | 'blocked none' | 'unmanaged none') ;;
		*) wrong="$wrong, $group is $(kind "$group")" ;;
		esac
	done
	is "$wrong" '' 'mapping of each group fits its type'
}

test_list()
{
	name='each group that is translated is in the list once, as in sysfs'
	if [ ! -r "$list" ]; then
		skip "$name" "$list cannot be read: no CONFIG_IOMMU_DEBUGFS, or not mounted"
		return
	fi
	wrong=
	for group in "$groups"/*; do
		group=${group##*/}
		wanted=$(kind "$group")
		case $wanted in
		*none) wanted= ;;
		esac
		found=$(listed "$group" | cut -d' ' -f 2,3)
		[ "$found" = "$wanted" ] ||
			wrong="$wrong, $group is $wanted, listed as $found"
	done
	is "$wrong" '' "$name"
}

# The shared mapping of an IOMMU has its groups, and as many users at least; an
# isolated one has a single group
test_users()
{
	name='mappings have the users that they say'
	if [ ! -r "$list" ]; then
		skip "$name" "$list cannot be read"
		return
	fi
	is "$(awk '
		function check() {
			if (mapping != "" && (count > users || (kind == "isolated," && count > 1)))
				print mapping, count " groups of " users
		}
		$1 == "mapping" { check(); mapping = $2; kind = $3; users = $6; count = 0 }
		$1 == "group" { count++ }
		END { check() }' "$list")" '' "$name"
}

test_other_words()
{
	wrong=
	for group in "$groups"/*; do
		for word in '' maybe none driver isolate 'shared isolated'; do
			before=$(kind "${group##*/}")
			error=$(attempt "$group/mapping" "$word")
			[ "$error, $(kind "${group##*/}")" = "$EINVAL, $before" ] ||
				wrong="$wrong, ${group##*/} takes '$word': $error"
		done
	done
	is "$wrong" '' 'other words are refused'
}

test_driver_bound()
{
	name='groups are left alone while a driver is bound'
	wrong='' tried=0
	for group in "$groups"/*; do
		group=${group##*/}
		has_driver "$group" || continue
		[ "$(mapping "$group")" != none ] || continue
		tried=$((tried + 1))
		for word in shared isolated; do
			before=$(kind "$group")
			error=$(attempt "$groups/$group/mapping" "$word")
			[ "$error, $(kind "$group")" = "$EPERM, $before" ] ||
				wrong="$wrong, $group, $word: $error"
		done
	done
	if [ "$tried" = 0 ]; then
		skip "$name" 'no translated device has a driver'
	else
		is "$wrong" '' "$name"
	fi
}

# ---- with a device to spare ----

granted()	# ATTRIBUTE WORD KIND
{
	is "$(attempt "$groups/$own/$1" "$2"), $(kind "$own")" "ok, $3" \
		"$2 to $1 makes it $3"
}

refused()	# ATTRIBUTE WORD ERROR
{
	before=$(kind "$own")
	is "$(attempt "$groups/$own/$1" "$2"), $(kind "$own")" "$3, $before" \
		"$2 to $1 when it is $before: $3"
}

test_device()
{
	granted mapping isolated "$type isolated"
	granted mapping shared "$type shared"
	granted mapping shared "$type shared"
	granted mapping isolated "$type isolated"
	granted type identity 'identity none'
	refused mapping shared "$EINVAL"
	refused mapping isolated "$EINVAL"
	granted type auto "$type isolated"
	granted mapping shared "$type shared"
	granted mapping "$policy" "$type $policy"
}

others_share()
{
	for group in "$groups"/*; do
		[ "${group##*/}" = "$own" ] ||
			[ "$(kind "${group##*/}")" != "$type shared" ] || return 0
	done
	return 1
}

# A shared group that becomes lazy has to leave those that are strict
test_lazy()
{
	name='strict and lazy groups do not share'
	attempt "$groups/$own/mapping" shared >/dev/null
	if [ "$type" != DMA ] || ! others_share; then
		skip "$name" 'no other group has a strict mapping to share'
	elif [ "$(attempt "$groups/$own/type" DMA-FQ)" != ok ]; then
		skip "$name" 'there is no lazy mapping for the device'
	else
		is "$(attempt "$groups/$own/mapping" shared)" "$EBUSY" "$name"
	fi
}

# As it was, whatever happened
restore()
{
	attempt "$groups/$own/type" auto >/dev/null
	attempt "$groups/$own/mapping" "$policy" >/dev/null
	attempt "$driver/bind" "$device" >/dev/null
}

with_device()
{
	own=$(basename "$(readlink "$device_dir/iommu_group")")
	driver=$(readlink -f "$device_dir/driver")
	type=$(cat "$groups/$own/type")
	policy=$(mapping "$own")

	attempt "$driver/unbind" "$device" >/dev/null
	trap restore EXIT
	test_device
	test_lazy
	trap - EXIT
	restore
	is "$([ -e "$device_dir/driver" ] && kind "$own")" "$type $policy" \
		"$device is back at its driver"
}

# Says why the device is none for these tests, if it is none
unfit()
{
	set -- "$device_dir"/iommu_group/devices/*
	if [ -z "$device" ]; then
		echo 'no device was named'
	elif [ ! -e "$device_dir/iommu_group" ]; then
		echo "$device is not behind an IOMMU"
	elif [ ! -e "$device_dir/driver" ]; then
		echo "$device has no driver"
	elif [ $# != 1 ]; then
		echo "$device is not alone in its group"
	else
		case $(cat "$device_dir"/iommu_group/mapping) in
		shared | isolated) ;;
		*) echo "$device is not translated by a mapping of the kernel's" ;;
		esac
	fi
}

device=${1-}
set -- /sys/bus/*/devices/"${device:-none}"
device_dir=$1

ktap_print_header
if [ "$(id -u)" != 0 ]; then
	ktap_skip_all 'needs root'
	exit "$KSFT_SKIP"
fi
set -- "$groups"/*/mapping
if [ ! -e "$1" ]; then
	ktap_skip_all 'no IOMMU groups, or they have no mapping attribute'
	exit "$KSFT_SKIP"
fi

why=$(unfit)
if [ -z "$why" ]; then
	ktap_set_plan 17
else
	ktap_set_plan 6
fi
test_attributes
test_list
test_users
test_other_words
test_driver_bound
if [ -z "$why" ]; then
	with_device
else
	skip 'a device changes its mapping' "$why"
fi
ktap_finished
