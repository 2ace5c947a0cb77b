"""National codes as people say them (NHS Data Dictionary), by the field that holds them."""

CODES = {
    "attendance": {
        "2": "cancelled by the family",
        "3": "did not attend",
        "4": "cancelled by the service",
        "5": "attended",
        "6": "came late, was seen",
        "7": "came late, could not be seen",
    },
    "mechanism": {
        "01": "face to face",
        "02": "by telephone",
        "04": "by talk type",
        "05": "by email",
        "09": "by text message",
        "10": "by instant message",
        "11": "by video",
        "12": "on a message board",
        "13": "in a chat room",
    },
    "location": {
        "A01": "at home",
        "B01": "in a health centre",
        "C01": "in a GP practice",
        "K01": "in a children's centre",
        "L01": "in a school",
        "L04": "in a nursery",
        "N01": "outdoors",
    },
}
